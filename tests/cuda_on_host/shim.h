// CUDA's vocabulary for a host compiler: enough of it to run the kernels of engine/kernels.
//
// A block's threads are fibers that take turns. Each runs until it waits (a barrier or a shuffle);
// when all have waited or ended, the round begins anew, in another order: a barrier that is missing
// shows as a wrong result. The threads of a warp are in lock-step wherever they wait equally often,
// as they must on a GPU. Slow, the same every time, one core.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include <algorithm>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static  // one block runs at a time
#define __launch_bounds__(...)
#define __constant__ static const

struct uint3 { unsigned int x, y, z; };
struct dim3 { unsigned int x = 1, y = 1, z = 1; };
struct alignas(16) uint4 { unsigned int x, y, z, w; };
struct alignas(8) uint2 { unsigned int x, y; };
struct alignas(8) float2 { float x, y; };
struct float3 { float x, y, z; };
struct alignas(16) float4 { float x, y, z, w; };
struct uchar3 { unsigned char x, y, z; };
struct alignas(4) uchar4 { unsigned char x, y, z, w; };
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float3 make_float3(float x, float y, float z) { return {x, y, z}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;

inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline float rsqrtf(float value) { return 1.0f / sqrtf(value); }
template <class T> inline T __ldg(const T* from) { return *from; }

// IEEE half precision, rounded to nearest even, as cvt.rn does.
#define HALF_CONVERSIONS
inline float to_float(unsigned short bits) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16, rest = bits & 0x7fffu;
    if (rest >= 0x7c00u) {
        const uint32_t word = sign | 0x7f800000u | (rest & 0x3ffu) << 13;
        float value;
        memcpy(&value, &word, 4);
        return value;
    }
    const float value = rest < 0x400u ? ldexpf(static_cast<float>(rest), -24)
                                      : ldexpf(static_cast<float>(0x400u | (rest & 0x3ffu)),
                                               static_cast<int>(rest >> 10) - 25);
    return sign ? -value : value;
}

inline unsigned short to_half(float value) {
    uint32_t word;
    memcpy(&word, &value, 4);
    const unsigned short sign = static_cast<unsigned short>(word >> 16 & 0x8000u);
    const float size = fabsf(value);
    if (size != size) return sign | 0x7e00u;
    if (size >= 65520.0f) return sign | 0x7c00u;
    if (size < 6.103515625e-05f)  // below 2^-14 the steps are 2^-24
        return sign | static_cast<unsigned short>(nearbyintf(ldexpf(size, 24)));
    int exponent;
    const float share = frexpf(size, &exponent);  // 0.5 <= share < 1
    // 1024..2048; 2048 carries into the exponent by itself.
    const int mantissa = static_cast<int>(nearbyintf(ldexpf(share, 11)));
    return sign | static_cast<unsigned short>(((exponent + 14) << 10) + mantissa - 1024);
}

namespace fibers {
static const size_t STACK = 64 * 1024;
struct Fiber {
    ucontext_t context;
    std::vector<char> stack;
    bool done = false;
};
static ucontext_t scheduler;
static std::vector<Fiber> all;
static size_t current;
static void (*body)();
static std::vector<float> slots;  // what each thread of the block offers to a shuffle

inline void wait() { swapcontext(&all[current].context, &scheduler); }
inline void enter() {
    body();
    all[current].done = true;
    swapcontext(&all[current].context, &scheduler);
}

// A number below `limit`; Numerical Recipes' generator.
inline unsigned int drawn(unsigned int limit) {
    static unsigned int state = 1;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

inline void run_block(unsigned int threads) {
    if (all.size() < threads) all.resize(threads);
    slots.assign(threads, 0.0f);
    for (unsigned int i = 0; i < threads; ++i) {
        Fiber& fiber = all[i];
        fiber.stack.resize(STACK);
        fiber.done = false;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.data();
        fiber.context.uc_stack.ss_size = STACK;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, enter, 0);
    }
    std::vector<unsigned int> order(threads);
    for (unsigned int i = 0; i < threads; ++i) order[i] = i;
    for (bool alive = true; alive;) {
        alive = false;
        for (unsigned int i = threads - 1; i > 0; --i) std::swap(order[i], order[drawn(i + 1)]);
        for (const unsigned int next : order) {
            current = next;
            if (all[current].done) continue;
            threadIdx = {static_cast<unsigned>(current % blockDim.x),
                         static_cast<unsigned>(current / blockDim.x % blockDim.y),
                         static_cast<unsigned>(current / (blockDim.x * blockDim.y))};
            swapcontext(&scheduler, &all[current].context);
            alive |= !all[current].done;
        }
    }
}
}  // namespace fibers

// A fiber comes back from a wait with threadIdx set anew by the scheduler.
inline void __syncthreads() { fibers::wait(); }
inline float __shfl_xor_sync(unsigned, float value, int mask) {
    const size_t own = fibers::current;
    fibers::slots[own] = value;
    fibers::wait();  // all lanes have offered
    const float found = fibers::slots[(own & ~size_t(31)) | ((own & 31) ^ mask)];
    fibers::wait();  // all lanes have read
    return found;
}

// Calls a kernel with its arguments given by their addresses, as cuLaunchKernel takes them.
template <class... Arguments, size_t... Index>
void call(void (*kernel)(Arguments...), void** arguments, std::index_sequence<Index...>) {
    kernel(*static_cast<std::remove_cv_t<Arguments>*>(arguments[Index])...);
}

static void** launch_arguments;

template <class... Arguments>
void launch(void (*kernel)(Arguments...), const unsigned int* grid, const unsigned int* block,
            void** arguments) {
    static void (*chosen)(Arguments...);
    chosen = kernel;
    launch_arguments = arguments;
    fibers::body = [] { call(chosen, launch_arguments, std::index_sequence_for<Arguments...>()); };
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    for (unsigned int z = 0; z < grid[2]; ++z)
        for (unsigned int y = 0; y < grid[1]; ++y)
            for (unsigned int x = 0; x < grid[0]; ++x) {
                blockIdx = {x, y, z};
                fibers::run_block(block[0] * block[1] * block[2]);
            }
}

#define HOST_LAUNCHER(kernel)                                                              \
    extern "C" void launch_##kernel(const unsigned int* grid, const unsigned int* block,   \
                                    void** arguments) {                                    \
        launch(kernel, grid, block, arguments);                                            \
    }
