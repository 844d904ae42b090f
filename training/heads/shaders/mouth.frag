#version 330
#include "frame.glsl"
#include "posing.glsl"
#include "light.glsl"
in vec3 place, normal, generic;
in float occlusion;
in vec2 uv;
flat in int part;
out vec4 pixel;
uniform sampler2D noise_map;
uniform vec3 tone, teeth; // linear
void main() {
    vec3 n = normalize(normal), v = normalize(eye_point() - place);
    vec3 albedo = vec3(0.42, 0.12, 0.12) * (0.75 + 0.5 * texture(noise_map, uv * 6.0).r);
    if (part == 2) albedo = vec3(0.28, 0.055, 0.045) * (0.4 + 0.6 * tone.r);
    if (part == 6) albedo = teeth;
    vec3 light = ambient_light(n) * 0.9
        + key_colour.rgb * clamp((dot(n, key_direction.xyz) + 0.4) / 1.4, 0.0, 1.0) * 0.75
        + fill_colour.rgb * max(dot(n, fill_direction.xyz), 0.0);
    vec3 h = normalize(key_direction.xyz + v);
    float wet = (part == 6 ? 0.16 : 0.10) * pow(max(dot(n, h), 0.0), 40.0);
    pixel = vec4(display((albedo * light + key_colour.rgb * wet) * occlusion), 1.0);
}
