#version 330
#include "frame.glsl"
#include "posing.glsl"
#include "light.glsl"
in vec3 place, along, outward;
in vec4 strand;
in float across;
out vec4 pixel;
uniform sampler2D card_map;  // hairs of one card
uniform float card;          // 1: the ribbon is a card of many hairs, 0: it is one hair
uniform vec3 hair_colour;    // linear
uniform float gloss, spread; // spread: how much hairs differ in shade
void main() {
    float shade = strand.z, way = strand.y, depth = strand.w;
    if (card > 0.5) {
        vec2 q = vec2(across * 0.11 + strand.z * 7.3, way * 0.35 + strand.z * 3.1);
        vec4 hairs = texture(card_map, q);
        float rim = smoothstep(1.0, 0.55, abs(across)) * smoothstep(1.0, 0.80, way + 0.35 * (hairs.b - 0.5));
        if (hairs.g * 0.9 + 0.25 < 0.58 - 0.30 * rim || rim < 0.12 + 0.45 * hairs.b * smoothstep(0.3, 0.8, way)) discard;
        shade = mix(shade, hairs.r, 0.6);
    }
    vec3 v = normalize(eye_point() - place), t = normalize(along), n = normalize(outward);
    vec3 key = key_direction.xyz;
    float lit = mix(0.25, 1.0, hard_shadow(place + n * 0.15, n));
    float tl = dot(t, key);
    float diffuse = sqrt(max(0.0, 1.0 - tl * tl)) * clamp((dot(n, key) + 0.4) / 1.4, 0.0, 1.0);
    float deep = 0.22 + 0.78 * depth;
    vec3 h = normalize(key + v);
    float th = dot(t, h) + 0.10 * (shade - 0.5);
    float st = sqrt(max(0.0, 1.0 - th * th));
    float s4 = st * st * st * st, s16 = s4 * s4 * s4 * s4, s64 = s16 * s16 * s16 * s16;
    vec3 base = hair_colour * mix(1.0, 0.35 + 1.3 * shade, spread);
    vec3 light = ambient_light(n) * deep
        + key_colour.rgb * diffuse * lit * deep
        + fill_colour.rgb * max(dot(n, fill_direction.xyz) + 0.2, 0.0) * 0.8 * deep;
    float faces = smoothstep(-0.15, 0.25, dot(n, key));
    vec3 shine = key_colour.rgb * (s64 * 0.05 + hair_colour * s16 * 0.55) * lit * deep * faces * gloss;
    float rim = pow(1.0 - max(dot(n, v), 0.0), 3.0);
    vec3 glow = ambient_light(-v) * hair_colour * rim * 0.4;
    pixel = vec4(display(base * light + shine + glow), 1.0);
}
