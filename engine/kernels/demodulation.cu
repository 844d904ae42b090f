// The demodulation of all styled convolutions at once: many small matrix products in one launch.
//
//   out[n, r] = 1 / sqrt(sum_i style[n, first_r + i]^2 * energy[begin_r + i] + 5e-9),  i < count_r
//
// Reference: engine/dpe/nets/folded.py (FoldedConv); twin: engine/kernels/twins.py.
//
// Layout: style (N, S) float, the styles of one convolution after the other; energy: all tables'
// rows after each other; rows (R, 3) int: first, count, begin; out (N, R) float.
// Grid: any number of blocks of whole warps. One warp per row and sample.
#define EPSILON 5e-9f
#define WARP 32

extern "C" __global__ void demodulation(const float* __restrict__ style,
                                        const float* __restrict__ energy,
                                        const int* __restrict__ rows, int samples, int styles,
                                        int outputs, float* __restrict__ out) {
    const int lane = threadIdx.x % WARP, warps = gridDim.x * (blockDim.x / WARP);
    for (int item = (blockIdx.x * blockDim.x + threadIdx.x) / WARP; item < samples * outputs;
         item += warps) {
        const int sample = item / outputs, row = item % outputs;
        const float* own = style + static_cast<size_t>(sample) * styles + rows[3 * row];
        const float* table = energy + rows[3 * row + 2];
        float sum = 0.0f;
        for (int i = lane; i < rows[3 * row + 1]; i += WARP) sum += own[i] * own[i] * table[i];
#pragma unroll
        for (int step = WARP / 2; step > 0; step /= 2)
            sum += __shfl_xor_sync(0xffffffffu, sum, step);
        if (lane == 0) out[item] = rsqrtf(sum + EPSILON);
    }
}
