#version 330
// The mean head's places drawn in texture space: face tile left, head tile right.
in vec2 in_uv;
in vec3 in_generic;
out vec3 generic;
void main() {
    generic = in_generic;
    gl_Position = vec4(in_uv.x - 1.0, in_uv.y * 2.0 - 1.0, 0.0, 1.0);
}
