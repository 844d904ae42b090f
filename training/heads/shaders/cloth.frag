#version 330
#include "frame.glsl"
#include "posing.glsl"
#include "light.glsl"
#include "collar.glsl"
#include "bump.glsl"
in vec3 place, normal, generic;
in float occlusion;
in vec2 uv;
flat in int part;
out vec4 pixel;
uniform sampler2D noise_map;
uniform vec3 first_colour, second_colour; // linear
uniform int pattern;

float band(float above) { return smoothstep(-0.95, -0.85, above); } // the hem of the neckline
float fabric(vec3 g, float azimuth, float above) {
    float folds = texture(noise_map, vec2(azimuth * 0.45, g.y * 0.02)).b * 1.2;
    float weave = texture(noise_map, vec2(azimuth * 7.0, g.y * 0.9)).r * 0.10;
    float ribs = 0.05 * sin(azimuth * 150.0) * band(above);
    return folds + weave + ribs + 0.16 * band(above);
}
void main() {
    float above = above_collar(generic);
    if (above > 0.0) discard;
    float azimuth = atan(generic.x, generic.z + 1.5);
    float second = 0.0;
    if (pattern == 1) second = step(0.5, fract(generic.y * 0.22));
    if (pattern == 2) second = smoothstep(0.47, 0.53, texture(noise_map, vec2(azimuth * 0.35, generic.y * 0.03)).g);
    if (pattern == 3) second = 0.5 * step(0.5, fract(generic.y * 0.3)) + 0.5 * step(0.5, fract(azimuth * 3.0));
    vec3 albedo = mix(first_colour, second_colour, second * (1.0 - band(above)));
    albedo *= 0.92 + 0.16 * texture(noise_map, vec2(azimuth * 9.0, generic.y * 1.1)).r;
    albedo *= mix(1.0, 0.86, band(above));
    vec3 n = normalize(normal);
    float h = fabric(generic, azimuth, above);
    n = bumped(n, place, h, h + dFdx(h), h + dFdy(h));
    float ao = max(occlusion, 0.35);
    float lit = soft_shadow(place, n, 3.0);
    vec3 light = ambient_light(n) * ao
        + key_colour.rgb * clamp((dot(n, key_direction.xyz) + 0.08) / 1.08, 0.0, 1.0) * lit
        + fill_colour.rgb * max(dot(n, fill_direction.xyz), 0.0) * ao;
    vec3 v = normalize(eye_point() - place);
    float sheen = pow(1.0 - max(dot(n, v), 0.0), 3.0) * 0.12;
    pixel = vec4(display(albedo * light + albedo * sheen * ambient_light(n)), 1.0);
}
