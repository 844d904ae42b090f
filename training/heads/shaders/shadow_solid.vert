#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place;
uniform float share;
void main() {
    gl_Position = light_matrix * vec4(posed(in_place, share, head_turn, torso_turn), 1.0);
}
