// What follows a convolution: scale (demodulation), bias, leaky ReLU, and the next one's style.
//
//   activate:          out = leaky(x * scale + bias) * style
//   activate_add:      out = leaky(x + bias) + other
//   activate_to_flow:  out = leaky(x * scale + bias);  delta_k = sum_c out_c * style_c * W_kc + b_k
//
// The third is the 1 x 1 modulated convolution to flow and mask, taken while the map passes by.
// References: engine/dpe/nets/folded.py; twins: engine/kernels/twins.py.
//
// Layout: x, other, out (N, area, C) half, C a multiple of 8, area a multiple of 4, aligned to 16
// bytes; scale, style (N, C) float with their strides, or null for 1; bias (C), W (3, C), b (3) float;
// delta (N, 3, area) float; out may be null in activate_to_flow.
#include "activation.cuh"

// Grid: any number of blocks. A thread takes eight channels of four pixels at a time.
extern "C" __global__ void activate(const half_bits* __restrict__ x, const float* __restrict__ bias,
                                    const float* __restrict__ scale,
                                    const float* __restrict__ style, int samples, int area,
                                    int channels, int scale_stride, int style_stride,
                                    half_bits* __restrict__ out) {
    const int vectors = channels / VECTOR, items = samples * (area / PIXELS) * vectors;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < items;
         item += gridDim.x * blockDim.x) {
        const int pixel = item / vectors * PIXELS, channel = item % vectors * VECTOR;
        Activation activation;
        activation.load(scale, scale_stride, bias, style, style_stride, pixel / area, channel);
        const size_t offset = static_cast<size_t>(pixel) * channels + channel;
        uint4 packed[PIXELS];
#pragma unroll
        for (int i = 0; i < PIXELS; ++i)
            packed[i] = *reinterpret_cast<const uint4*>(x + offset + i * channels);
#pragma unroll
        for (int i = 0; i < PIXELS; ++i) {
            float values[VECTOR];
            unpack8(packed[i], values);
            activation.apply(values);
            activation.apply_style(values);
            store8(out + offset + i * channels, values);
        }
    }
}

// Grid: any number of blocks. A thread takes eight channels of four pixels at a time.
extern "C" __global__ void activate_add(const half_bits* __restrict__ x,
                                        const float* __restrict__ bias,
                                        const half_bits* __restrict__ other, int samples, int area,
                                        int channels, half_bits* __restrict__ out) {
    const int vectors = channels / VECTOR, items = samples * (area / PIXELS) * vectors;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < items;
         item += gridDim.x * blockDim.x) {
        const int pixel = item / vectors * PIXELS, channel = item % vectors * VECTOR;
        Activation activation;
        activation.load(nullptr, 0, bias, nullptr, 0, 0, channel);
        const size_t offset = static_cast<size_t>(pixel) * channels + channel;
        uint4 packed[PIXELS], added[PIXELS];
#pragma unroll
        for (int i = 0; i < PIXELS; ++i) {
            packed[i] = *reinterpret_cast<const uint4*>(x + offset + i * channels);
            added[i] = *reinterpret_cast<const uint4*>(other + offset + i * channels);
        }
#pragma unroll
        for (int i = 0; i < PIXELS; ++i) {
            float values[VECTOR];
            unpack8(packed[i], values);
            activation.apply(values);
            add8(added[i], 1.0f, values);
            store8(out + offset + i * channels, values);
        }
    }
}

// Grid: any number of blocks of whole warps. `lanes` threads (a power of two up to 32, no more than
// C / 8) share four pixels, and add their sums by shuffles; so no thread may leave early.
extern "C" __global__ void activate_to_flow(
    const half_bits* __restrict__ x, const float* __restrict__ bias,
    const float* __restrict__ scale, const float* __restrict__ style,
    const float* __restrict__ weight, const float* __restrict__ shift, int samples, int area,
    int channels, int scale_stride, int style_stride, int lanes, half_bits* __restrict__ out,
    float* __restrict__ delta) {
    const int quads = samples * (area / PIXELS), groups = gridDim.x * (blockDim.x / lanes);
    const int own_group = (blockIdx.x * blockDim.x + threadIdx.x) / lanes;
    const int lane = threadIdx.x % lanes;
    for (int first = 0; first < quads; first += groups) {
        const int quad = first + own_group;
        const bool is_inside = quad < quads;
        const int pixel = quad * PIXELS;
        float sums[PIXELS][3] = {};
        for (int channel = lane * VECTOR; is_inside && channel < channels;
             channel += lanes * VECTOR) {
            Activation activation;
            activation.load(scale, scale_stride, bias, style, style_stride, pixel / area, channel);
            float to_flow[3][VECTOR];
#pragma unroll
            for (int k = 0; k < 3; ++k) {
                load_floats(weight + k * channels + channel, 0.0f, to_flow[k]);
                activation.apply_style(to_flow[k]);
            }
            const size_t offset = static_cast<size_t>(pixel) * channels + channel;
            uint4 packed[PIXELS];
#pragma unroll
            for (int i = 0; i < PIXELS; ++i)
                packed[i] = *reinterpret_cast<const uint4*>(x + offset + i * channels);
#pragma unroll
            for (int i = 0; i < PIXELS; ++i) {
                float values[VECTOR];
                unpack8(packed[i], values);
                activation.apply(values);
                if (out) store8(out + offset + i * channels, values);
#pragma unroll
                for (int k = 0; k < 3; ++k)
#pragma unroll
                    for (int c = 0; c < VECTOR; ++c) sums[i][k] += values[c] * to_flow[k][c];
            }
        }
#pragma unroll
        for (int i = 0; i < PIXELS; ++i)
#pragma unroll
            for (int k = 0; k < 3; ++k)
                for (int step = lanes / 2; step > 0; step /= 2)
                    sums[i][k] += __shfl_xor_sync(0xffffffffu, sums[i][k], step);
        if (is_inside && lane == 0) {
            float* to = delta + static_cast<size_t>(pixel / area) * 3 * area + pixel % area;
#pragma unroll
            for (int i = 0; i < PIXELS; ++i)
#pragma unroll
                for (int k = 0; k < 3; ++k) to[k * area + i] = sums[i][k] + shift[k];
        }
    }
}
