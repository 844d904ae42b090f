// Lighting shared by all surfaces. Colours are linear; display() tone maps.
uniform sampler2DShadow shadow_map;

vec3 ambient_light(vec3 n) {
    vec3 q = n * n;
    return q.x * (n.x > 0.0 ? ambient[0] : ambient[1]).rgb
         + q.y * (n.y > 0.0 ? ambient[2] : ambient[3]).rgb
         + q.z * (n.z > 0.0 ? ambient[4] : ambient[5]).rgb;
}
vec3 shadow_place(vec3 p, vec3 n) {
    vec3 place = (light_matrix * vec4(p + n * 0.25, 1.0)).xyz * 0.5 + 0.5;
    return place - vec3(0.0, 0.0, 0.002);
}
float hard_shadow(vec3 p, vec3 n) {
    return mix(1.0, texture(shadow_map, shadow_place(p, n)), key_direction.w);
}
// Penumbra of `spread` in 1/512 of the map; few taps, because supersampling follows.
float soft_shadow(vec3 p, vec3 n, float spread) {
    vec3 place = shadow_place(p, n);
    float o = spread / 512.0;
    float lit = texture(shadow_map, place + vec3(o, o * 0.4, 0.0))
              + texture(shadow_map, place + vec3(-o * 0.9, o * 0.5, 0.0))
              + texture(shadow_map, place + vec3(0.1 * o, -o, 0.0));
#ifdef FINE
    lit += texture(shadow_map, place + vec3(-0.3 * o, -0.2 * o, 0.0))
         + texture(shadow_map, place + vec3(0.5 * o, -0.5 * o, 0.0));
    lit *= 0.6;
#endif
    return mix(1.0, lit / 3.0, key_direction.w);
}
vec3 display(vec3 colour) {
    vec3 c = max(colour, 0.0);
    c = c * (1.0 + c * 0.16) / (1.0 + c * 0.55) * 1.12;
    return sqrt(c) * 1.03 - 0.012;
}
