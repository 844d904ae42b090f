#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place, in_other;  // deformed in this frame and in the other one
in vec2 in_kind;
out vec4 here, there;
void main() {
    here = projected(posed(in_place, in_kind.y, head_turn, torso_turn), camera);
    there = projected(posed(in_other, in_kind.y, other_head_turn, other_torso_turn), other_camera);
    gl_Position = here;
}
