// Height above the neckline on the mean head: negative is under the cloth.
uniform int neckline; // 0 round, 1 V, 2 high
float above_collar(vec3 g) {
    float front = smoothstep(-2.0, 5.0, g.z);
    float edge = -12.6 - 2.6 * front;
    if (neckline == 1) edge = -12.6 - smoothstep(-1.0, 5.0, g.z) * (5.6 - 0.75 * abs(g.x));
    if (neckline == 2) edge = -10.6 - 2.2 * smoothstep(-3.0, 5.0, g.z);
    return g.y - edge;
}
