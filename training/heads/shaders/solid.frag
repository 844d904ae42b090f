#version 330
#include "frame.glsl"
#include "posing.glsl"
#include "light.glsl"
in vec3 place, normal;
out vec4 pixel;
uniform vec3 colour;  // linear
uniform float gloss;
uniform float lens;   // 1: thin glass, drawn blended
void main() {
    vec3 n = normalize(normal), v = normalize(eye_point() - place);
    if (dot(n, v) < 0.0) n = -n;
    if (lens > 0.5) {
        vec3 r = reflect(-v, n);
        float f = 0.03 + 0.5 * pow(1.0 - abs(dot(n, v)), 5.0);
        float flare = smoothstep(0.80, 0.95, dot(r, key_direction.xyz)) * 0.3;
        float share = clamp(f + flare * 0.5, 0.0, 0.6);
        pixel = vec4(display(ambient_light(r) * 0.5 + key_colour.rgb * flare) * share, share);
        return;
    }
    vec3 h = normalize(key_direction.xyz + v);
    vec3 light = ambient_light(n)
        + key_colour.rgb * max(dot(n, key_direction.xyz), 0.0) * soft_shadow(place, n, 2.0)
        + fill_colour.rgb * max(dot(n, fill_direction.xyz), 0.0);
    vec3 shine = key_colour.rgb * pow(max(dot(n, h), 0.0), 50.0) * gloss;
    pixel = vec4(display(colour * light + shine), 1.0);
}
