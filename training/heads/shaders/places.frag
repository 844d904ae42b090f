#version 330
in vec3 generic;
out vec4 pixel;
void main() { pixel = vec4(generic, 1.0); }
