// The network's picture back into the portrait's, at the output's resolution, to RGB or YUV.
//
//   out = behind + (cubic(picture, A p + t) - behind) * mask
//
// The picture is -1..1 and is clipped to 0..255 first; sampled bicubically (a = -0.75), its edge goes
// on beyond it. Where the mask is 0 nothing is sampled.
// Reference: engine/compositing.py (Backdrop.paste); twin: engine/kernels/pictures_twins.py.
//
// Layout: picture (N, 3, size, size) float; behind (N, h, w, 3) uint8; mask (N, h, w) float;
// place (N, 6) float, rows of A | t from output pixels to the picture's; out as in store.cuh, one
// picture after the other; h and w even. With which (N) int, behind, mask and place are those of any
// number of portraits; null is one each, in order.
// Grid: any number of blocks. One thread per 2 x 2 pixels.
#include "store.cuh"

// Keys' cubic with a = -0.75, as OpenCV's: weights of the pixels at -1, 0, 1, 2 from `share`.
__device__ __forceinline__ void cubic_weights(float share, float* weights) {
    const float a = -0.75f, before = share + 1.0f, rest = 1.0f - share;
    weights[0] = ((a * before - 5.0f * a) * before + 8.0f * a) * before - 4.0f * a;
    weights[1] = ((a + 2.0f) * share - (a + 3.0f)) * share * share + 1.0f;
    weights[2] = ((a + 2.0f) * rest - (a + 3.0f)) * rest * rest + 1.0f;
    weights[3] = 1.0f - weights[0] - weights[1] - weights[2];
}

__device__ __forceinline__ float level_of(float value) {
    return (fminf(fmaxf(value, -1.0f), 1.0f) + 1.0f) * 127.5f;
}

__device__ __forceinline__ Colour cubic(const float* picture, int size, float x, float y) {
    const float left = floorf(x), top = floorf(y);
    float across[4], down[4], sums[3] = {};
    cubic_weights(x - left, across);
    cubic_weights(y - top, down);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int row = min(max(static_cast<int>(top) - 1 + i, 0), size - 1);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const int column = min(max(static_cast<int>(left) - 1 + j, 0), size - 1);
#pragma unroll
            for (int k = 0; k < 3; ++k)
                sums[k] += down[i] * across[j] *
                           level_of(picture[(static_cast<size_t>(k) * size + row) * size + column]);
        }
    }
    return {sums[0], sums[1], sums[2]};
}

extern "C" __global__ void paste(const float* __restrict__ pictures,
                                 const unsigned char* __restrict__ behind,
                                 const float* __restrict__ masks,
                                 const float* __restrict__ places,
                                 const int* __restrict__ which, int samples, int size, int height,
                                 int width, int format, float kr, float kb,
                                 unsigned char* __restrict__ out) {
    const int across = width / 2, quads = height / 2 * across;
    const size_t area = static_cast<size_t>(height) * width;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < samples * quads;
         item += gridDim.x * blockDim.x) {
        const int sample = item / quads, row = item % quads / across * 2;
        const int column = item % across * 2;
        const size_t portrait = which ? which[sample] : sample;
        const float* place = places + portrait * 6;
        const float* picture = pictures + static_cast<size_t>(sample) * 3 * size * size;
        Colour quad[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int y = row + i / 2, x = column + i % 2;
            const size_t pixel = portrait * area + static_cast<size_t>(y) * width + x;
            const unsigned char* own = behind + 3 * pixel;
            quad[i] = {static_cast<float>(own[0]), static_cast<float>(own[1]),
                       static_cast<float>(own[2])};
            const float mask = masks[pixel];
            if (mask <= 0.0f) continue;
            const Colour front = cubic(picture, size, place[0] * x + place[1] * y + place[2],
                                       place[3] * x + place[4] * y + place[5]);
            quad[i].r += (front.r - quad[i].r) * mask;
            quad[i].g += (front.g - quad[i].g) * mask;
            quad[i].b += (front.b - quad[i].b) * mask;
        }
        const size_t bytes = format == RGB ? 3 * area : area * 3 / 2;
        store_quad(out + sample * bytes, format, row, column, height, width, kr, kb, quad);
    }
}
