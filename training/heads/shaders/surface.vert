#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place;      // deformed, not yet posed
in vec3 in_normal;
in float in_occlusion;
in vec2 in_uv;
in vec3 in_generic;    // place on the mean head; on an eyeball: direction in the eye's own frame
in vec2 in_kind;       // part, share of the head's rotation
uniform float inflate; // cloth lies this far off the skin
out vec3 place, normal, generic;
out float occlusion;
out vec2 uv;
flat out int part;
void main() {
    vec3 local = in_place + in_normal * inflate;
    place = posed(local, in_kind.y, head_turn, torso_turn);
    normal = posed_direction(in_normal, in_kind.y, head_turn, torso_turn);
    generic = in_generic;
    occlusion = in_occlusion;
    uv = in_uv;
    part = int(in_kind.x + 0.5);
    gl_Position = projected(place, camera);
}
