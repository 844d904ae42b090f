#version 330
#include "frame.glsl"
#include "posing.glsl"
in vec3 in_place, in_along;  // deformed, not yet posed
in vec4 in_strand;           // side * half width, way along, tint, depth
in float in_share;           // of the head's rotation
uniform float thickness;     // factor on all widths
out vec3 place, along, outward;
out vec4 strand;
out float across;
void main() {
    place = posed(in_place, in_share, head_turn, torso_turn);
    along = posed_direction(in_along, in_share, head_turn, torso_turn);
    outward = posed_direction(normalize(in_place - vec3(0.0, 3.0, 0.5)), in_share, head_turn, torso_turn);
    vec3 side = normalize(cross(along, eye_point() - place) + vec3(1e-5));
    strand = in_strand;
    across = sign(in_strand.x);
    gl_Position = projected(place + side * in_strand.x * thickness, camera);
}
