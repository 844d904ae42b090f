#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place, in_along;
in vec4 in_strand;
in float in_share;
uniform float thickness;
void main() {
    vec3 place = posed(in_place, in_share, head_turn, torso_turn);
    vec3 along = posed_direction(in_along, in_share, head_turn, torso_turn);
    vec3 side = normalize(cross(along, key_direction.xyz) + vec3(1e-5));
    gl_Position = light_matrix * vec4(place + side * in_strand.x * thickness, 1.0);
}
