// Half precision as 16 bits of storage: loaded and stored, never computed with.
//
// Two instructions of our own instead of cuda_fp16.h, so that NVRTC needs no include path and a
// host compiler can build the same kernels (its shim defines HALF_CONVERSIONS).
#pragma once

typedef unsigned short half_bits;

#ifndef HALF_CONVERSIONS
__device__ __forceinline__ float to_float(half_bits bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

__device__ __forceinline__ half_bits to_half(float value) {
    half_bits bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
#endif

// Eight channels: 16 bytes, the widest access of a thread. Pointers must be aligned to 16 bytes.
#define VECTOR 8

__device__ __forceinline__ void unpack8(const uint4& packed, float* values) {
    const unsigned int words[4] = {packed.x, packed.y, packed.z, packed.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        values[2 * i] = to_float(static_cast<half_bits>(words[i] & 0xffffu));
        values[2 * i + 1] = to_float(static_cast<half_bits>(words[i] >> 16));
    }
}

__device__ __forceinline__ void load8(const half_bits* from, float* values) {
    unpack8(*reinterpret_cast<const uint4*>(from), values);
}

// sum += share * values
__device__ __forceinline__ void add8(const uint4& packed, float share, float* sum) {
    float values[VECTOR];
    unpack8(packed, values);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) sum[i] += share * values[i];
}

__device__ __forceinline__ void store8(half_bits* to, const float* values) {
    unsigned int words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const unsigned int high = to_half(values[2 * i + 1]);
        words[i] = to_half(values[2 * i]) | high << 16;
    }
    *reinterpret_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
}
