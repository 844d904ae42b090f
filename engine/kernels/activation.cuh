// Scale, bias and leaky ReLU of eight channels, with what they need of a sample in registers.
#pragma once
#include "half.cuh"

#define SLOPE 0.2f
#define PIXELS 4  // a thread takes so many pixels of one channel group: their parameters load once

__device__ __forceinline__ float leaky(float value) { return value > 0.0f ? value : SLOPE * value; }

// Eight floats; `from` may be null, which stands for `otherwise`.
__device__ __forceinline__ void load_floats(const float* from, float otherwise, float* values) {
    if (from) {
        const float4* wide = reinterpret_cast<const float4*>(from);
        const float4 low = wide[0], high = wide[1];
        values[0] = low.x, values[1] = low.y, values[2] = low.z, values[3] = low.w;
        values[4] = high.x, values[5] = high.y, values[6] = high.z, values[7] = high.w;
    } else {
#pragma unroll
        for (int i = 0; i < VECTOR; ++i) values[i] = otherwise;
    }
}

struct Activation {
    float scale[VECTOR], bias[VECTOR], style[VECTOR];

    // Scale and style or null, (C) bias; of one sample and eight channels of it. The strides lie
    // between two samples: both factors are columns of one long table.
    __device__ __forceinline__ void load(const float* scales, int scale_stride, const float* biases,
                                         const float* styles, int style_stride, int sample,
                                         int channel) {
        const size_t of_scale = static_cast<size_t>(sample) * scale_stride + channel;
        const size_t of_style = static_cast<size_t>(sample) * style_stride + channel;
        load_floats(scales ? scales + of_scale : nullptr, 1.0f, scale);
        load_floats(biases + channel, 0.0f, bias);
        load_floats(styles ? styles + of_style : nullptr, 1.0f, style);
    }

    // leaky(x * scale + bias), in place
    __device__ __forceinline__ void apply(float* x) const {
#pragma unroll
        for (int i = 0; i < VECTOR; ++i) x[i] = leaky(x[i] * scale[i] + bias[i]);
    }

    __device__ __forceinline__ void apply_style(float* x) const {
#pragma unroll
        for (int i = 0; i < VECTOR; ++i) x[i] *= style[i];
    }
};
