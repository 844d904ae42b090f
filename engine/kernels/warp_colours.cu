// The picture of one size: the portrait's colours, moved by the flow, on top of the size below.
//
//   out = leaky(sample(colour, grid) * mask + bias1) + bias2 + enlarged(below)
//
// grid and mask are those of flow_warp_blend.cu, found again from delta and flow_below: so neither
// kernel waits for the other, and the largest size, whose features nothing reads, needs only this.
// Reference: engine/dpe/nets/folded.py (FoldedRgb); twin: engine/kernels/twins.py.
//
// Layout: colour, delta, out (N, 3, h, w) float; flow_below, below (N, 3, h / 2, w / 2) float or
// null; biases (3) float. With which (N) int, colour holds any number of portraits; null is one
// each, in order.
// Grid: any number of blocks. One thread per pixel.
#include "activation.cuh"
#include "level.cuh"

extern "C" __global__ void warp_colours(const float* __restrict__ colour,
                                        const float* __restrict__ delta,
                                        const float* __restrict__ flow_below,
                                        const float* __restrict__ bias1,
                                        const float* __restrict__ bias2,
                                        const float* __restrict__ below,
                                        const int* __restrict__ which, int samples, int height,
                                        int width, float* __restrict__ out) {
    const int area = height * width;
    for (int pixel = blockIdx.x * blockDim.x + threadIdx.x; pixel < samples * area;
         pixel += gridDim.x * blockDim.x) {
        const int sample = pixel / area, inside = pixel % area;
        const int row = inside / width, column = inside % width;
        const Flow found = flow_at(delta, flow_below, sample, row, column, height, width);
        const float x = sampler_pixel(tanhf(found.x) + identity(column, width), width);
        const float y = sampler_pixel(tanhf(found.y) + identity(row, height), height);
        const float mask = sigmoid(found.mask), left = floorf(x), top = floorf(y);
        const float right = x - left, down = y - top;
        const size_t portrait = which ? which[sample] : sample;
        const int x0 = static_cast<int>(left), y0 = static_cast<int>(top);
#pragma unroll
        for (int k = 0; k < 3; ++k) {
            const size_t plane = static_cast<size_t>(sample) * 3 + k;
            const float* from = colour + (portrait * 3 + k) * area;
            float value = (1.0f - right) * (1.0f - down) * or_zero(from, y0, x0, height, width);
            value += right * (1.0f - down) * or_zero(from, y0, x0 + 1, height, width);
            value += (1.0f - right) * down * or_zero(from, y0 + 1, x0, height, width);
            value += right * down * or_zero(from, y0 + 1, x0 + 1, height, width);
            value = leaky(value * mask + bias1[k]) + bias2[k];
            if (below) value += enlarged(below + plane * (area / 4), row, column, height, width);
            out[plane * area + inside] = value;
        }
    }
}
