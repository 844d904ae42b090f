// The rig's picture at the output's resolution: flow, portrait, background, eyes and mouth, YUV.
//
//   q    = p + enlarged(field)                              around the face: the head's field
//   q   += (affine[id] p - q) * seam                        on the face: its mesh
//   out  = person(q) + background(p) * (1 - opacity(q))     two layers, or the picture alone
//   out += (colour - out) * mask                            for each patch: eyes, mouth
//
// Reference: engine/rig/portrait.py (RigPortrait.render); twin: engine/kernels/rig_twins.py.
//
// Layout: person (h, w, 4) uint8, RGB times opacity and opacity; background (h, w, 3) uint8 or null;
// field (rows, columns, 2) float, displacements at nodes `spacing` pixels apart from (left, top);
// affine (T, 6) float, from pixels of the mesh's box to the portrait's; ids short and seam float
// (box height, box width); patches uint8 RGB and mask, one after the other; table (P, 5) int: left,
// recorded launch follows a box that moves. out as in store.cuh; h and w even.
// Grid: any number of blocks. One thread per 2 x 2 pixels.
#include "store.cuh"

enum { FIELD_LEFT, FIELD_TOP, SPACING, ROWS, COLUMNS, BOX_LEFT, BOX_TOP, BOX_WIDTH, BOX_HEIGHT, PATCHES };

struct Field {
    const float* nodes;
    int left, top, spacing, rows, columns;
};

// Bilinear between nodes; nothing moves outside them.
__device__ __forceinline__ void add_field(const Field& field, float* x, float* y) {
    const float u = (*x - field.left) / field.spacing, v = (*y - field.top) / field.spacing;
    if (u < 0.0f || v < 0.0f || u > field.columns - 1 || v > field.rows - 1) return;
    const int column = min(static_cast<int>(u), field.columns - 2);
    const int row = min(static_cast<int>(v), field.rows - 2);
    const float right = u - column, down = v - row;
    const float* a = field.nodes + 2 * (row * field.columns + column);
    const float* b = a + 2 * field.columns;
    *x += (a[0] * (1.0f - right) + a[2] * right) * (1.0f - down) +
          (b[0] * (1.0f - right) + b[2] * right) * down;
    *y += (a[1] * (1.0f - right) + a[3] * right) * (1.0f - down) +
          (b[1] * (1.0f - right) + b[3] * right) * down;
}

// Bilinear; beyond the border its edge goes on.
__device__ __forceinline__ void fetch(const unsigned char* person, int height, int width, float x,
                                      float y, float* rgba) {
    x = fminf(fmaxf(x, 0.0f), width - 1.0f);
    y = fminf(fmaxf(y, 0.0f), height - 1.0f);
    const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
    const int x1 = min(x0 + 1, width - 1), y1 = min(y0 + 1, height - 1);
    const float right = x - x0, down = y - y0;
    const uchar4* pixels = reinterpret_cast<const uchar4*>(person);
    const uchar4 corners[4] = {
        pixels[static_cast<size_t>(y0) * width + x0], pixels[static_cast<size_t>(y0) * width + x1],
        pixels[static_cast<size_t>(y1) * width + x0], pixels[static_cast<size_t>(y1) * width + x1]};
    const float shares[4] = {(1.0f - right) * (1.0f - down), right * (1.0f - down),
                             (1.0f - right) * down, right * down};
    rgba[0] = rgba[1] = rgba[2] = rgba[3] = 0.0f;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        rgba[0] += shares[i] * corners[i].x;
        rgba[1] += shares[i] * corners[i].y;
        rgba[2] += shares[i] * corners[i].z;
        rgba[3] += shares[i] * corners[i].w;
    }
}

extern "C" __global__ void rig_warp(const unsigned char* __restrict__ person,
                                    const unsigned char* __restrict__ background,
                                    const float* __restrict__ nodes,
                                    const float* __restrict__ affine,
                                    const short* __restrict__ ids, const float* __restrict__ seam,
                                    const unsigned char* __restrict__ patches,
                                    const int* __restrict__ table,
                                    const int* __restrict__ numbers, int height, int width,
                                    int format, float kr, float kb,
                                    unsigned char* __restrict__ out) {
    const Field field = {nodes, numbers[FIELD_LEFT], numbers[FIELD_TOP], numbers[SPACING],
                         numbers[ROWS], numbers[COLUMNS]};
    const int left = numbers[BOX_LEFT], top = numbers[BOX_TOP];
    const int box_width = numbers[BOX_WIDTH], box_height = numbers[BOX_HEIGHT];
    const int across = width / 2, quads = height / 2 * across;
    for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < quads;
         item += gridDim.x * blockDim.x) {
        Colour quad[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int row = item / across * 2 + i / 2, column = item % across * 2 + i % 2;
            float x = column, y = row;
            add_field(field, &x, &y);
            const int u = column - left, v = row - top;
            if (u >= 0 && v >= 0 && u < box_width && v < box_height) {
                const int id = ids[v * box_width + u];
                const float share = id < 0 ? 0.0f : seam[v * box_width + u];
                if (share > 0.0f) {
                    const float* a = affine + 6 * id;
                    x += (a[0] * u + a[1] * v + a[2] - x) * share;
                    y += (a[3] * u + a[4] * v + a[5] - y) * share;
                }
            }
            float rgba[4];
            fetch(person, height, width, x, y, rgba);
            if (background) {
                const float open = 1.0f - rgba[3] / 255.0f;
                const unsigned char* behind =
                    background + 3 * (static_cast<size_t>(row) * width + column);
#pragma unroll
                for (int k = 0; k < 3; ++k) rgba[k] += behind[k] * open;
            }
            for (int p = 0; p < numbers[PATCHES]; ++p) {
                const int* patch = table + 5 * p;
                const int px = column - patch[0], py = row - patch[1];
                if (px < 0 || py < 0 || px >= patch[2] || py >= patch[3]) continue;
                const unsigned char* own = patches + patch[4] + 4 * (py * patch[2] + px);
                const float mask = own[3] / 255.0f;
#pragma unroll
                for (int k = 0; k < 3; ++k) rgba[k] += (own[k] - rgba[k]) * mask;
            }
            quad[i] = {rgba[0], rgba[1], rgba[2]};
        }
        store_quad(out, format, item / across * 2, item % across * 2, height, width, kr, kb, quad);
    }
}
