// The 4 x 4 low-pass [1 3 3 1] x [1 3 3 1] of each channel, with what stands before or after it.
//
//   activate_blur:  out = low_pass(leaky(x + bias)), border 2           (N, h + 1, w + 1)
//   blur_halve:     out = every other pixel of low_pass(x), border 1    (N, h / 2, w / 2)
//   blur_activate:  out = leaky(4 low_pass(x) * scale + bias) * style, border 1   (N, h - 1, w - 1)
//
// Beyond the border there are zeros, not activated ones. The kernel is separable: a thread sums four
// neighbours of a row once and adds the sum to all of its output rows that see it.
// References: engine/dpe/nets/folded.py; twins: engine/kernels/twins.py.
//
// Layout: x (N, h, w, C) half, out half, C a multiple of 8, aligned to 16 bytes; bias (C) float;
// scale, style (N, C) float with their strides, or null for 1. h and w are those of x.
// Grid: any number of blocks. A thread takes eight channels of a column of four output pixels.
#include "activation.cuh"

#define ROWS 4

struct Shape {
    int height, width, channels;
};

// [1 3 3 1] / 8 over four pixels of a row, from column `left` on.
template <bool ACTIVATES>
__device__ __forceinline__ void row_sum(const half_bits* x, const Shape& shape,
                                        const Activation& activation, int row, int left,
                                        float* sum) {
#pragma unroll
    for (int c = 0; c < VECTOR; ++c) sum[c] = 0.0f;
    if (static_cast<unsigned>(row) >= static_cast<unsigned>(shape.height)) return;
    uint4 packed[4];
    bool inside[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        inside[i] = static_cast<unsigned>(left + i) < static_cast<unsigned>(shape.width);
        const int column = min(max(left + i, 0), shape.width - 1);
        const size_t pixel = static_cast<size_t>(row) * shape.width + column;
        packed[i] = *reinterpret_cast<const uint4*>(x + pixel * shape.channels);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float share = inside[i] ? (i % 3 ? 0.375f : 0.125f) : 0.0f;
        float values[VECTOR];
        unpack8(packed[i], values);
        if (ACTIVATES) activation.apply(values);
#pragma unroll
        for (int c = 0; c < VECTOR; ++c) sum[c] += share * values[c];
    }
}

// ROWS output pixels below each other.
template <bool ACTIVATES, int STRIDE>
__device__ __forceinline__ void column_of(const half_bits* x, const Shape& shape,
                                          const Activation& activation, int top, int left,
                                          float out[ROWS][VECTOR]) {
#pragma unroll
    for (int row = 0; row < (ROWS - 1) * STRIDE + 4; ++row) {
        float sum[VECTOR];
        row_sum<ACTIVATES>(x, shape, activation, top + row, left, sum);
#pragma unroll
        for (int to = 0; to < ROWS; ++to) {
            const int tap = row - to * STRIDE;
            if (tap < 0 || tap > 3) continue;
            const float share = tap % 3 ? 0.375f : 0.125f;
#pragma unroll
            for (int c = 0; c < VECTOR; ++c) out[to][c] += share * sum[c];
        }
    }
}

// The whole pass; FINISH: activation, gain and style after the low-pass instead of before it.
template <bool FIRST, bool FINISH, int STRIDE>
__device__ __forceinline__ void blur(const half_bits* x, const float* bias, const float* scale,
                                     const float* style, int samples, int height, int width,
                                     int channels, int scale_stride, int style_stride, int border,
                                     half_bits* out) {
    const Shape shape = {height, width, channels};
    const int high = (height + 2 * border - 4) / STRIDE + 1;
    const int wide = (width + 2 * border - 4) / STRIDE + 1;
    const int vectors = channels / VECTOR, strips = (high + ROWS - 1) / ROWS;
    const int items = samples * strips * wide * vectors;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < items;
         item += gridDim.x * blockDim.x) {
        const int channel = item % vectors * VECTOR, column = item / vectors % wide;
        const int strip = item / vectors / wide % strips, sample = item / vectors / wide / strips;
        const half_bits* from =
            x + static_cast<size_t>(sample) * height * width * channels + channel;
        Activation activation;
        if (FIRST || FINISH)
            activation.load(scale, scale_stride, bias, style, style_stride, sample, channel);
        float sums[ROWS][VECTOR] = {};
        column_of<FIRST, STRIDE>(from, shape, activation, strip * ROWS * STRIDE - border,
                                 column * STRIDE - border, sums);
#pragma unroll
        for (int i = 0; i < ROWS; ++i) {
            const int row = strip * ROWS + i;
            if (row >= high) break;
            if (FINISH) {
#pragma unroll
                for (int c = 0; c < VECTOR; ++c) sums[i][c] *= 4.0f;
                activation.apply(sums[i]);
                activation.apply_style(sums[i]);
            }
            const size_t pixel = (static_cast<size_t>(sample) * high + row) * wide + column;
            store8(out + pixel * channels + channel, sums[i]);
        }
    }
}

extern "C" __global__ void activate_blur(const half_bits* __restrict__ x,
                                         const float* __restrict__ bias, int samples, int height,
                                         int width, int channels, half_bits* __restrict__ out) {
    blur<true, false, 1>(x, bias, nullptr, nullptr, samples, height, width, channels, 0, 0, 2, out);
}

extern "C" __global__ void blur_halve(const half_bits* __restrict__ x, int samples, int height,
                                      int width, int channels, half_bits* __restrict__ out) {
    blur<false, false, 2>(x, nullptr, nullptr, nullptr, samples, height, width, channels, 0, 0, 1,
                          out);
}

extern "C" __global__ void blur_activate(const half_bits* __restrict__ x,
                                         const float* __restrict__ bias,
                                         const float* __restrict__ scale,
                                         const float* __restrict__ style, int samples, int height,
                                         int width, int channels, int scale_stride,
                                         int style_stride, half_bits* __restrict__ out) {
    blur<false, true, 1>(x, bias, scale, style, samples, height, width, channels, scale_stride,
                         style_stride, 1, out);
}
