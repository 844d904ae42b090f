// Where the rig's face mesh lies: the nearest triangle of each pixel, and the seam around the mesh.
//
//   rig_cover:   id = last triangle (far to near) that holds the pixel, or -1;
//                hull = 1 where there is one, or inside the face's outline
//   rig_window:  the least, or the mean, of 2 reach + 1 neighbours along a row or a column
//
// Two of the least and two of the mean make the soft seam of engine/rig/warp/flow.py (erode, blur).
// A triangle reaches 1/20 pixel beyond its edges, so that no pixel on a shared edge is left out.
// References: engine/rig/warp/mesh_flow.py, engine/rig/warp/flow.py; twin: engine/kernels/rig_twins.py.
//
// Layout: corners (T, 6) float, x y x y x y in pixels of the box; outline (P, 2) float; ids (h, w)
// short; hull, from, to (h, w) float.

#define TILE 16
#define THREADS 256
#define SLACK 0.05f

struct Corners {
    float x[3], y[3];
};

__device__ __forceinline__ Corners corners_of(const float* table, int index) {
    const float* own = table + 6 * index;
    return {{own[0], own[2], own[4]}, {own[1], own[3], own[5]}};
}

// On the inner side of each edge, whichever way round the triangle is.
__device__ __forceinline__ bool holds(const Corners& t, float x, float y) {
    const float area = (t.x[1] - t.x[0]) * (t.y[2] - t.y[0]) - (t.y[1] - t.y[0]) * (t.x[2] - t.x[0]);
    const float way = area < 0.0f ? -1.0f : 1.0f;
#pragma unroll
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3;
        const float dx = t.x[j] - t.x[i], dy = t.y[j] - t.y[i];
        const float side = way * (dx * (y - t.y[i]) - dy * (x - t.x[i]));
        if (side < -SLACK * (fabsf(dx) + fabsf(dy))) return false;
    }
    return true;
}

__device__ __forceinline__ bool is_inside(const float* outline, int points, float x, float y) {
    bool inside = false;
    for (int i = 0, j = points - 1; i < points; j = i++) {
        const float xi = outline[2 * i], yi = outline[2 * i + 1];
        const float xj = outline[2 * j], yj = outline[2 * j + 1];
        if ((yi > y) != (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
}

// Grid: one block of 256 threads per tile of 16 x 16 pixels, row by row. The block first finds the
// triangles whose boxes meet its tile, a thread each, so that a pixel asks only those.
extern "C" __global__ void rig_cover(const float* __restrict__ corners,
                                     const float* __restrict__ outline, int triangles, int points,
                                     int height, int width, short* __restrict__ ids,
                                     float* __restrict__ hull) {
    __shared__ bool is_near[THREADS];
    const int across = (width + TILE - 1) / TILE;
    const int left = blockIdx.x % across * TILE, top = blockIdx.x / across * TILE;
    const int column = left + threadIdx.x % TILE, row = top + threadIdx.x / TILE;
    int found = -1;
    for (int first = 0; first < triangles; first += THREADS) {
        const int own = first + threadIdx.x;
        is_near[threadIdx.x] = false;
        if (own < triangles) {
            const Corners t = corners_of(corners, own);
            const float low_x = fminf(t.x[0], fminf(t.x[1], t.x[2]));
            const float high_x = fmaxf(t.x[0], fmaxf(t.x[1], t.x[2]));
            const float low_y = fminf(t.y[0], fminf(t.y[1], t.y[2]));
            const float high_y = fmaxf(t.y[0], fmaxf(t.y[1], t.y[2]));
            is_near[threadIdx.x] = low_x <= left + TILE && high_x >= left - 1 &&
                                   low_y <= top + TILE && high_y >= top - 1;
        }
        __syncthreads();
        for (int i = 0; i < THREADS && first + i < triangles; ++i)
            if (is_near[i] && holds(corners_of(corners, first + i), column, row)) found = first + i;
        __syncthreads();
    }
    if (row >= height || column >= width) return;
    ids[row * width + column] = static_cast<short>(found);
    hull[row * width + column] = found >= 0 || is_inside(outline, points, column, row) ? 1.0f : 0.0f;
}

// Grid: any number of blocks. One thread per pixel. The least goes on beyond the border with its
// edge, the mean with its mirror, as OpenCV's erode and blur do.
extern "C" __global__ void rig_window(const float* __restrict__ from, int height, int width,
                                      int reach, int is_along_row, int takes_mean,
                                      float* __restrict__ to) {
    const int length = is_along_row ? width : height, step = is_along_row ? 1 : width;
    for (int pixel = blockIdx.x * blockDim.x + threadIdx.x; pixel < height * width;
         pixel += gridDim.x * blockDim.x) {
        const int place = is_along_row ? pixel % width : pixel / width;
        const float* line = from + pixel - place * step;
        float least = 1.0f, sum = 0.0f;
        for (int i = place - reach; i <= place + reach; ++i) {
            int mirrored = i < 0 ? -i : i;
            if (mirrored >= length) mirrored = 2 * (length - 1) - mirrored;
            mirrored = min(max(mirrored, 0), length - 1);
            sum += line[mirrored * step];
            least = fminf(least, line[min(max(i, 0), length - 1) * step]);
        }
        to[pixel] = takes_mean ? sum / (2 * reach + 1) : least;
    }
}
