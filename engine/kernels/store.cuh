// Writing pictures: 2 x 2 pixels at a time as RGB or as 8-bit 4:2:0 in limited range.
#pragma once

#define RGB 0   // (h, w, 3)
#define I420 1  // h rows of Y, then h / 2 rows of w / 2 U, then V, after each other
#define NV12 2  // h rows of Y, then h / 2 rows of w / 2 pairs U, V

struct Colour {
    float r, g, b;  // 0..255
};

__device__ __forceinline__ unsigned char to_byte(float value) {
    return static_cast<unsigned char>(rintf(fminf(fmaxf(value, 0.0f), 255.0f)));
}

__device__ __forceinline__ float luma(const Colour& c, float kr, float kb) {
    return kr * c.r + (1.0f - kr - kb) * c.g + kb * c.b;
}

// The quad's upper left pixel is (row, column), both even; `out` is this sample's picture.
// kr and kb are the matrix': 0.2126 and 0.0722 for BT.709, 0.299 and 0.114 for BT.601. Colour
// belongs to the middle of a quad, as in JPEG and in what WebRTC's converters assume.
__device__ __forceinline__ void store_quad(unsigned char* out, int format, int row, int column,
                                           int height, int width, float kr, float kb,
                                           const Colour quad[4]) {
    Colour mean = {0.0f, 0.0f, 0.0f};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const size_t pixel = static_cast<size_t>(row + i / 2) * width + column + i % 2;
        if (format == RGB) {
            out[3 * pixel] = to_byte(quad[i].r);
            out[3 * pixel + 1] = to_byte(quad[i].g);
            out[3 * pixel + 2] = to_byte(quad[i].b);
        } else {
            out[pixel] = to_byte(16.0f + luma(quad[i], kr, kb) * (219.0f / 255.0f));
            mean.r += quad[i].r * 0.25f;
            mean.g += quad[i].g * 0.25f;
            mean.b += quad[i].b * 0.25f;
        }
    }
    if (format == RGB) return;
    const float y = luma(mean, kr, kb);
    const float to_levels = 224.0f / 255.0f * 0.5f;
    const unsigned char u = to_byte(128.0f + (mean.b - y) / (1.0f - kb) * to_levels);
    const unsigned char v = to_byte(128.0f + (mean.r - y) / (1.0f - kr) * to_levels);
    const size_t area = static_cast<size_t>(height) * width;
    const size_t cell = static_cast<size_t>(row / 2) * (width / 2) + column / 2;
    if (format == I420) {
        out[area + cell] = u;
        out[area + area / 4 + cell] = v;
    } else {
        out[area + 2 * cell] = u;
        out[area + 2 * cell + 1] = v;
    }
}
