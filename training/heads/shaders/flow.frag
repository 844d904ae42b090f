#version 330
// Displacement in pixels (x right, y down) from this frame to the other, and whether the other
// frame shows the same point; the last channel marks what was drawn.
in vec4 here, there;
out vec4 pixel;
uniform sampler2D other_depth;
uniform float size;
const float tolerance = 0.002; // of the depth range: what a ribbon may lie off its neighbour
void main() {
    vec3 a = here.xyz / here.w, b = there.xyz / there.w;
    float nearest = texture(other_depth, b.xy * 0.5 + 0.5).r;
    bool inside = all(lessThan(abs(b.xy), vec2(1.0)));
    bool visible = inside && b.z * 0.5 + 0.5 < nearest + tolerance;
    pixel = vec4((b.xy - a.xy) * 0.5 * size * vec2(1.0, -1.0), visible ? 1.0 : 0.0, 1.0);
}
