#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place, in_along;
in vec4 in_strand;
in float in_share;
uniform float thickness;
out vec4 here, there;
void main() {
    vec3 place = posed(in_place, in_share, head_turn, torso_turn);
    vec3 other = posed(in_place, in_share, other_head_turn, other_torso_turn);
    vec3 along = posed_direction(in_along, in_share, head_turn, torso_turn);
    vec3 side = normalize(cross(along, eye_point() - place) + vec3(1e-5)) * in_strand.x * thickness;
    here = projected(place + side, camera);
    there = projected(other + side, other_camera);
    gl_Position = here;
}
