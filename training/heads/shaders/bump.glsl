// Turns a normal by a height field given as height(uv); heights in units.
vec3 bumped(vec3 n, vec3 p, float h, float h_right, float h_up) {
    vec3 right = dFdx(p), up = dFdy(p);
    vec3 r1 = cross(up, n), r2 = cross(n, right);
    float area = dot(right, r1);
    vec3 slope = sign(area) * ((h_right - h) * r1 + (h_up - h) * r2);
    return normalize(abs(area) * n - clamp(slope, -0.7 * abs(area), 0.7 * abs(area)));
}
