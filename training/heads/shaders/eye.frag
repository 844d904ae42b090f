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
uniform vec3 iris_colour; // linear
uniform float iris_angle, pupil_angle, redness;

float panel(vec3 r, vec3 towards, vec2 size) { // reflection of a softbox
    vec3 right = normalize(cross(vec3(0.0, 1.0, 0.001), towards)), up = cross(towards, right);
    vec2 q = abs(vec2(dot(r, right), dot(r, up))) / size;
    vec2 inside = smoothstep(vec2(1.15), vec2(0.85), q);
    return step(0.0, dot(r, towards)) * inside.x * inside.y;
}
void main() {
    vec3 n = normalize(normal), v = normalize(eye_point() - place), g = normalize(generic);
    float angle = acos(clamp(g.z, -1.0, 1.0)), around = atan(g.y, g.x);
    float veins = texture(noise_map, vec2(around * 0.5, angle * 0.7)).r;
    float corner = smoothstep(0.55, 1.25, angle);
    float inner = smoothstep(0.62, 0.95, angle) * smoothstep(0.3, 0.9, part == 7 ? -g.x / sin(angle) : g.x / sin(angle));
    vec3 sclera = vec3(0.72, 0.685, 0.66) * mix(vec3(1.0), vec3(0.95, 0.55, 0.48), inner) * mix(vec3(1.0), vec3(0.98, 0.70, 0.66), redness * corner * (0.4 + veins));
    // Fibres: fine spokes, broad patches, a bright collarette, a dark rim.
    float spokes = texture(noise_map, vec2(around * 1.9, angle * 0.25)).r;
    float patches = texture(noise_map, vec2(around * 0.55 + 0.3, angle * 0.9)).g;
    float depth = clamp((angle - pupil_angle) / (iris_angle - pupil_angle), 0.0, 1.0);
    vec3 iris = iris_colour * (0.7 + 1.3 * (spokes - 0.25) + 0.6 * patches);
    iris *= mix(1.5, 0.85, smoothstep(0.0, 0.45, depth));
    iris += iris_colour.grb * vec3(0.5, 0.35, 0.1) * 0.35 * exp(-12.0 * (depth - 0.15) * (depth - 0.15));
    iris *= 1.0 - 0.72 * smoothstep(0.72, 1.0, depth);
    iris = mix(iris, vec3(0.004), 1.0 - smoothstep(pupil_angle - 0.03, pupil_angle + 0.03, angle));
    float white = smoothstep(iris_angle - 0.045, iris_angle + 0.035, angle);
    vec3 albedo = mix(iris, sclera, white);
    float lit = mix(0.5, 1.0, soft_shadow(place, n, 3.0));
    // The iris is a dish behind the cornea: it is lit from the far side.
    vec3 dish = normalize(mix(reflect(-n, v) * -1.0, n, 0.5));
    vec3 bent = normalize(mix(dish, n, white));
    vec3 light = ambient_light(n)
        + key_colour.rgb * clamp((dot(bent, key_direction.xyz) + 0.35) / 1.35, 0.0, 1.0) * lit
        + fill_colour.rgb * max(dot(n, fill_direction.xyz), 0.0);
    light *= occlusion * mix(1.05, 0.86, white);
    vec3 r = reflect(-v, n);
    float cornea = mix(1.0, 0.25, smoothstep(iris_angle, iris_angle + 0.35, angle));
    vec3 glint = panel(r, key_direction.xyz, vec2(0.16, 0.22)) * min(key_colour.rgb, vec3(2.0)) * 1.3
        + panel(r, fill_direction.xyz, vec2(0.12, 0.22)) * fill_colour.rgb * 0.45
        + panel(r, normalize(vec3(-key_direction.x, 0.25, 0.9)), vec2(0.10, 0.10)) * ambient[4].rgb * 0.12;
    glint *= cornea * smoothstep(0.30, 0.45, occlusion);
    float edge = pow(1.0 - max(dot(n, v), 0.0), 4.0);
    vec3 mirror = ambient_light(r) * (0.035 + 0.3 * edge) * occlusion;
    pixel = vec4(display(albedo * light + glint + mirror), 1.0);
}
