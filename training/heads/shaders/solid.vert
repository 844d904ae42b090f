#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place, in_normal;
uniform float share; // of the head's rotation: 1 worn, 0 on the torso
out vec3 place, normal;
void main() {
    place = posed(in_place, share, head_turn, torso_turn);
    normal = posed_direction(in_normal, share, head_turn, torso_turn);
    gl_Position = projected(place, camera);
}
