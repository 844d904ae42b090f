// One level of DPE's generator: flow and mask, the portrait's features moved by them, the blend.
//
//   flow    = delta + enlarged(below)           enlarged: twice the size, low-pass [1 3 3 1] / 4
//   grid    = tanh(flow.xy) + identity          identity: linspace(-1, 1, size), corner-aligned
//   mask    = sigmoid(flow.z)
//   warped  = sample(feature, grid) * mask      bilinear, zeros outside, NOT corner-aligned
//   blended = (warped + x * (1 - mask)) * style
//
// Reference: engine/dpe/nets/generator.py (ToFlow, warp); twin: engine/kernels/twins.py.
// Both alignments are as the published weights were trained; see notes there.
//
// Layout: feature, x, warped, blended (N, h, w, C) half, C a multiple of 8, aligned to 16 bytes;
// delta, flow (N, 3, h, w) float; below (N, 3, h / 2, w / 2) float or null at the lowest level;
// style (N, C) float, style_stride from sample to sample, or null for 1; warped may be null. With
// which (N) int, feature holds any number of portraits, and each sample says which it shows: so a
// batch of sessions needs no copies. Null is one each, in order. Coordinates are float: half a bit of a flow
// in half precision is as much as a pixel.
//
// Grid: any number of blocks; a block takes blockDim.x * 8 / C pixels at a time. One thread per
// pixel finds where it samples, then each thread moves eight channels of one pixel.
// Arguments are inputs, then integers, then outputs: the order of a TensorRT AOT plugin.
#include "half.cuh"
#include "level.cuh"

#define MOST_PIXELS 128

struct Place {
    int column, row;
    float right, down;  // shares of the neighbours at column + 1 and row + 1
    float mask;
};

__device__ __forceinline__ Place place_of(const Flow& flow, int row, int column, int height,
                                          int width) {
    const float x = sampler_pixel(tanhf(flow.x) + identity(column, width), width);
    const float y = sampler_pixel(tanhf(flow.y) + identity(row, height), height);
    const float left = floorf(x), top = floorf(y);
    return {static_cast<int>(left), static_cast<int>(top), x - left, y - top,
            sigmoid(flow.mask)};
}

// Loads eight channels at a corner; where that lies outside, others, and its share becomes zero.
__device__ __forceinline__ uint4 corner(const half_bits* feature, int row, int column, int height,
                                        int width, int channels, float* share) {
    if (static_cast<unsigned>(row) >= static_cast<unsigned>(height) ||
        static_cast<unsigned>(column) >= static_cast<unsigned>(width))
        *share = 0.0f;
    row = min(max(row, 0), height - 1);
    column = min(max(column, 0), width - 1);
    const size_t pixel = static_cast<size_t>(row) * width + column;
    return *reinterpret_cast<const uint4*>(feature + pixel * channels);
}

__device__ __forceinline__ void level(const half_bits* __restrict__ feature,
                                      const half_bits* __restrict__ x,
                                      const float* __restrict__ delta,
                                      const float* __restrict__ below,
                                      const float* __restrict__ style,
                                      const int* __restrict__ which, int samples, int height,
                                      int width, int channels, int style_stride,
                                      float* __restrict__ flow_out,
                                      half_bits* __restrict__ warped,
                                      half_bits* __restrict__ blended) {
    __shared__ Place places[MOST_PIXELS];
    const int area = height * width, total = samples * area, vectors = channels / VECTOR;
    const int pixels = min(max(static_cast<int>(blockDim.x) / vectors, 1), MOST_PIXELS);
    for (int first = blockIdx.x * pixels; first < total; first += gridDim.x * pixels) {
        for (int i = threadIdx.x; i < pixels && first + i < total; i += blockDim.x) {
            const int sample = (first + i) / area, inside = (first + i) % area;
            const int row = inside / width, column = inside % width;
            const Flow flow = flow_at(delta, below, sample, row, column, height, width);
            store_flow(flow_out, flow, sample, inside, area);
            places[i] = place_of(flow, row, column, height, width);
        }
        __syncthreads();
        for (int item = threadIdx.x; item < pixels * vectors; item += blockDim.x) {
            const int pixel = first + item / vectors, channel = item % vectors * VECTOR;
            if (pixel >= total) break;
            const int sample = pixel / area;
            const Place at = places[item / vectors];
            const size_t portrait = which ? which[sample] : sample;
            const half_bits* map = feature + portrait * area * channels + channel;
            const float left = 1.0f - at.right, up = 1.0f - at.down;
            float shares[4] = {left * up, at.right * up, left * at.down, at.right * at.down};
            // All five loads before the first use: memory is slow, and nothing else hides it.
            uint4 corners[4];
#pragma unroll
            for (int i = 0; i < 4; ++i)
                corners[i] = corner(map, at.row + i / 2, at.column + i % 2, height, width, channels,
                                    &shares[i]);
            const size_t offset = static_cast<size_t>(pixel) * channels + channel;
            float own[VECTOR], moved[VECTOR] = {};
            load8(x + offset, own);
#pragma unroll
            for (int i = 0; i < 4; ++i) add8(corners[i], shares[i], moved);
#pragma unroll
            for (int i = 0; i < VECTOR; ++i) moved[i] *= at.mask;
            if (warped) store8(warped + offset, moved);
#pragma unroll
            for (int i = 0; i < VECTOR; ++i) moved[i] += own[i] * (1.0f - at.mask);
            if (style) {
                const float* scale = style + static_cast<size_t>(sample) * style_stride + channel;
#pragma unroll
                for (int i = 0; i < VECTOR; ++i) moved[i] *= scale[i];
            }
            store8(blended + offset, moved);
        }
        __syncthreads();
    }
}

// All that a plugin has: every pointer is given, nothing is scaled.
extern "C" __global__ void flow_warp_blend(const half_bits* __restrict__ feature,
                                           const half_bits* __restrict__ x,
                                           const float* __restrict__ delta,
                                           const float* __restrict__ below, int samples, int height,
                                           int width, int channels, float* __restrict__ flow,
                                           half_bits* __restrict__ warped,
                                           half_bits* __restrict__ blended) {
    level(feature, x, delta, below, nullptr, nullptr, samples, height, width, channels, 0, flow,
          warped, blended);
}

// The blend leaves times the style of the convolution that reads it; see the layout for nulls.
extern "C" __global__ void flow_warp_blend_styled(
    const half_bits* __restrict__ feature, const half_bits* __restrict__ x,
    const float* __restrict__ delta, const float* __restrict__ below,
    const float* __restrict__ style, const int* __restrict__ which, int samples, int height,
    int width, int channels, int style_stride, float* __restrict__ flow, half_bits* __restrict__ warped, half_bits* __restrict__ blended) {
    level(feature, x, delta, below, style, which, samples, height, width, channels, style_stride,
          flow, warped, blended);
}
