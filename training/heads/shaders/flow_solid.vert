#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place;
uniform float share;
out vec4 here, there;
void main() {
    here = projected(posed(in_place, share, head_turn, torso_turn), camera);
    there = projected(posed(in_place, share, other_head_turn, other_torso_turn), other_camera);
    gl_Position = here;
}
