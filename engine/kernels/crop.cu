// A camera frame to the network's normalised crop, in one pass.
//
//   out[p] = sample(cells, A p + t) / 127.5 - 1
//
// The cells are the frame's pixels, or means over factor x factor of them where the crop is so much
// smaller than its place in the frame (bilinear sampling alone would skip pixels, and flicker).
// Beyond the cells their edge goes on. NV12 is turned to RGB in limited range.
// Reference: engine/faces/crop.py (CropBox.cut); twin: engine/kernels/pictures_twins.py.
//
// Layout: frame (N, h, w, 3) uint8 RGB, or (N, 3 h / 2, w) NV12; place (N, 11) float: A and
// t from crop pixels to cells, rows first (a b t a b t), then factor, left and top of the first
// cell, cells across and down. out (N, size, size, 8) half: RGB and zeros.
// Grid: any number of blocks. One thread per pixel of the crop.
#include "half.cuh"

#define PLACE 11

struct Frame {
    const unsigned char* pixels;
    int height, width;
    bool is_nv12;
    float kr, kb;
};

struct Cells {
    int factor, left, top, across, down;
};

__device__ __forceinline__ void add_pixel(const Frame& frame, int row, int column, float* rgb) {
    const size_t pixel = static_cast<size_t>(row) * frame.width + column;
    if (!frame.is_nv12) {
#pragma unroll
        for (int k = 0; k < 3; ++k) rgb[k] += frame.pixels[3 * pixel + k];
        return;
    }
    const unsigned char* chroma = frame.pixels + static_cast<size_t>(frame.height) * frame.width +
                                  static_cast<size_t>(row / 2) * frame.width + column / 2 * 2;
    const float y = (frame.pixels[pixel] - 16.0f) * (255.0f / 219.0f);
    const float u = (chroma[0] - 128.0f) * (255.0f / 112.0f);
    const float v = (chroma[1] - 128.0f) * (255.0f / 112.0f);
    const float r = y + v * (1.0f - frame.kr), b = y + u * (1.0f - frame.kb);
    const float g = (y - frame.kr * r - frame.kb * b) / (1.0f - frame.kr - frame.kb);
    rgb[0] += fminf(fmaxf(r, 0.0f), 255.0f);
    rgb[1] += fminf(fmaxf(g, 0.0f), 255.0f);
    rgb[2] += fminf(fmaxf(b, 0.0f), 255.0f);
}

// The mean of one cell, times a share, is added to the sum.
__device__ __forceinline__ void add_cell(const Frame& frame, const Cells& cells, int row,
                                         int column, float share, float* sum) {
    row = min(max(row, 0), cells.down - 1);
    column = min(max(column, 0), cells.across - 1);
    float rgb[3] = {};
    for (int y = 0; y < cells.factor; ++y)
        for (int x = 0; x < cells.factor; ++x)
            add_pixel(frame, cells.top + row * cells.factor + y,
                      cells.left + column * cells.factor + x, rgb);
    const float scale = share / (cells.factor * cells.factor);
#pragma unroll
    for (int k = 0; k < 3; ++k) sum[k] += rgb[k] * scale;
}

extern "C" __global__ void crop(const unsigned char* __restrict__ frames,
                                const float* __restrict__ places, int samples, int height,
                                int width, int is_nv12, int size, float kr, float kb,
                                half_bits* __restrict__ out) {
    const size_t bytes = static_cast<size_t>(height) * width * (is_nv12 ? 3 : 6) / 2;
    for (int pixel = blockIdx.x * blockDim.x + threadIdx.x; pixel < samples * size * size;
         pixel += gridDim.x * blockDim.x) {
        const int sample = pixel / (size * size), inside = pixel % (size * size);
        const float row = inside / size, column = inside % size;
        const float* place = places + sample * PLACE;
        const Frame frame = {frames + sample * bytes, height, width, is_nv12 != 0, kr, kb};
        const Cells cells = {static_cast<int>(place[6]), static_cast<int>(place[7]),
                             static_cast<int>(place[8]), static_cast<int>(place[9]),
                             static_cast<int>(place[10])};
        const float x = place[0] * column + place[1] * row + place[2];
        const float y = place[3] * column + place[4] * row + place[5];
        const float left = floorf(x), top = floorf(y), right = x - left, down = y - top;
        const int x0 = static_cast<int>(left), y0 = static_cast<int>(top);
        float values[VECTOR] = {};
        add_cell(frame, cells, y0, x0, (1.0f - right) * (1.0f - down), values);
        add_cell(frame, cells, y0, x0 + 1, right * (1.0f - down), values);
        add_cell(frame, cells, y0 + 1, x0, (1.0f - right) * down, values);
        add_cell(frame, cells, y0 + 1, x0 + 1, right * down, values);
#pragma unroll
        for (int k = 0; k < 3; ++k) values[k] = values[k] / 127.5f - 1.0f;
        store8(out + static_cast<size_t>(pixel) * VECTOR, values);
    }
}
