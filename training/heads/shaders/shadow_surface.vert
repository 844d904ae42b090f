#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place;
in vec2 in_kind;
void main() {
    gl_Position = light_matrix * vec4(posed(in_place, in_kind.y, head_turn, torso_turn), 1.0);
}
