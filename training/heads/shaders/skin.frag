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
uniform sampler2D skin_colour; // square root of the albedo; alpha: density of the beard
uniform sampler2D skin_relief; // height, gloss
uniform sampler2D wrinkle_map; // forehead, frown, eye corners, cheek folds
uniform sampler2D pore_map;
uniform float oil, relief, soft_relief;
uniform vec3 tone;             // linear

vec2 atlas(vec2 p) { return vec2(p.x * 0.5, p.y); }
float wrinkles(vec2 p) {
    vec4 pull = mix(wrinkles_right, wrinkles_left, smoothstep(-0.6, 0.6, generic.x));
    return dot(texture(wrinkle_map, atlas(p)), pull);
}
float height(vec2 p) {
    float fine = texture(skin_relief, atlas(p)).r - 0.5;
    float pores = texture(pore_map, p * 11.0).r - 0.5;
    return fine * relief + pores * soft_relief - wrinkles(p) * 0.10;
}
void main() {
    vec3 n = normalize(normal), v = normalize(eye_point() - place);
    vec3 albedo;
    float ao = occlusion, gloss = 0.4;
    if (part == 3) {
        albedo = vec3(0.40, 0.12, 0.10) * (0.25 + tone.r);
    } else {
        albedo = texture(skin_colour, atlas(uv)).rgb;
        albedo *= albedo;
        float folds = wrinkles(uv);
#ifdef FINE
        vec2 right = dFdx(uv), up = dFdy(uv);
        n = bumped(n, place, height(uv), height(uv + right), height(uv + up));
        gloss = texture(skin_relief, atlas(uv)).g * (0.6 + 0.8 * texture(pore_map, uv * 11.0).r);
#else
        float h = -folds * 0.10; // pores are smaller than a pixel
        n = bumped(n, place, h, h + dFdx(h), h + dFdy(h));
        gloss = 0.5;
#endif
        ao *= 0.45 + 0.55 * smoothstep(-0.1, 1.1, above_collar(generic));
        folds = clamp(folds, 0.0, 1.0);
        ao *= 1.0 - 0.30 * folds;
        albedo *= mix(vec3(1.0), vec3(1.0, 0.86, 0.82), 0.35 * folds);
    }
    float lit = soft_shadow(place, n, 3.0);
    // Light that went through the skin: wider for red, and red where a shadow ends.
    vec3 wrap = vec3(0.36, 0.19, 0.13);
    float facing = dot(n, key_direction.xyz);
    vec3 diffuse = clamp((facing + wrap) / (1.0 + wrap), 0.0, 1.0);
    diffuse *= diffuse * 0.35 + 0.65;
    vec3 through = vec3(lit) + vec3(0.12, 0.025, 0.0) * (lit * (1.0 - lit) * 4.0);
    vec3 cavity = vec3(mix(ao, sqrt(ao), 0.45), mix(ao, sqrt(ao), 0.1), ao);
    vec3 fill = clamp((dot(n, fill_direction.xyz) + wrap) / (1.0 + wrap), 0.0, 1.0);
    vec3 light = ambient_light(n) * cavity
        + key_colour.rgb * diffuse * through * mix(vec3(1.0), cavity, 0.35)
        + fill_colour.rgb * fill * cavity;
    // Two lobes: a broad sheen and a tight oily one.
    vec3 h = normalize(key_direction.xyz + v);
    float edge = 1.0 - max(dot(n, v), 0.0);
    float fresnel = 0.028 + 0.45 * pow(edge, 5.0);
    float nh = max(dot(n, h), 0.0), back = 1.0 - max(dot(v, h), 0.0);
    float lobe = 0.75 * pow(nh, 14.0) * 0.9 + oil * 0.8 * pow(nh, 60.0) * 2.7;
    float schlick = 0.028 + 0.97 * pow(back, 5.0);
    vec3 shine = key_colour.rgb * lobe * schlick * 3.0 * lit * step(0.0, facing) * gloss;
    shine += ambient_light(reflect(-v, n)) * fresnel * (0.25 + 0.5 * oil) * ao * gloss;
    pixel = vec4(display(albedo * light + shine), 1.0);
}
