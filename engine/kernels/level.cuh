// What the kernels of a generator's level share: the flow of a pixel and the sampler's coordinates.
#pragma once

struct Flow {
    float x, y, mask;  // before tanh and sigmoid
};

__device__ __forceinline__ float sigmoid(float value) { return 1.0f / (1.0f + expf(-value)); }

// linspace(-1, 1, size)[index], in one rounding: both integers are exact.
__device__ __forceinline__ float identity(int index, int size) {
    return static_cast<float>(2 * index - (size - 1)) / static_cast<float>(size - 1);
}

// A coordinate in -1..1 (the picture's outer edges) in pixels; align_corners=False.
__device__ __forceinline__ float sampler_pixel(float coordinate, int size) {
    return ((coordinate + 1.0f) * size - 1.0f) / 2.0f;
}

__device__ __forceinline__ float or_zero(const float* plane, int row, int column, int height,
                                         int width) {
    const bool inside = static_cast<unsigned>(row) < static_cast<unsigned>(height) &&
                        static_cast<unsigned>(column) < static_cast<unsigned>(width);
    return inside ? plane[row * width + column] : 0.0f;
}

// A pixel of a plane enlarged to height x width: zeros between its pixels, then [1 3 3 1] / 4 in
// each direction. So each pixel sees 3/4 of its own and 1/4 of the nearer neighbour.
__device__ __forceinline__ float enlarged(const float* plane, int row, int column, int height,
                                          int width) {
    const int h = height / 2, w = width / 2;
    const int y = row >> 1, x = column >> 1;
    const int beside_y = row & 1 ? y + 1 : y - 1, beside_x = column & 1 ? x + 1 : x - 1;
    const float own = 0.75f * or_zero(plane, y, x, h, w) + 0.25f * or_zero(plane, y, beside_x, h, w);
    const float other = 0.75f * or_zero(plane, beside_y, x, h, w) +
                        0.25f * or_zero(plane, beside_y, beside_x, h, w);
    return 0.75f * own + 0.25f * other;
}

__device__ __forceinline__ Flow flow_at(const float* delta, const float* below, int sample, int row,
                                        int column, int height, int width) {
    const int area = height * width;
    const float* own = delta + static_cast<size_t>(sample) * 3 * area + row * width + column;
    Flow flow = {own[0], own[area], own[2 * area]};
    if (below) {
        const int quarter = (height / 2) * (width / 2);
        const float* planes = below + static_cast<size_t>(sample) * 3 * quarter;
        flow.x += enlarged(planes, row, column, height, width);
        flow.y += enlarged(planes + quarter, row, column, height, width);
        flow.mask += enlarged(planes + 2 * quarter, row, column, height, width);
    }
    return flow;
}

__device__ __forceinline__ void store_flow(float* to, const Flow& flow, int sample, int inside,
                                           int area) {
    float* own = to + static_cast<size_t>(sample) * 3 * area + inside;
    own[0] = flow.x;
    own[area] = flow.y;
    own[2 * area] = flow.mask;
}
