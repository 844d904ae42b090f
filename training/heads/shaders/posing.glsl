// The GPU's twin of posing.py and camera.py.
const vec3 neck_joint = vec3(0.0, -2.0, -1.0);
const vec3 torso_joint = vec3(0.0, -30.0, -3.0);

vec3 turned(vec3 v, vec4 turn, float share) {
    float c = cos(turn.w * share), s = sin(turn.w * share);
    return v * c + cross(turn.xyz, v) * s + turn.xyz * dot(turn.xyz, v) * (1.0 - c);
}
vec3 posed(vec3 p, float share, vec4 turn, mat3 torso) {
    return torso * (turned(p - neck_joint, turn, share) + neck_joint - torso_joint) + torso_joint;
}
vec3 posed_direction(vec3 d, float share, vec4 turn, mat3 torso) {
    return torso * turned(d, turn, share);
}
vec4 projected(vec3 p, vec4 view) {
    float w = view.w - p.z;
    float depth = (w - depth_range.x) / (depth_range.y - depth_range.x) * 2.0 - 1.0;
    return vec4((p.xy - view.yz) * view.x, depth * w, w);
}
vec3 eye_point() { return vec3(camera.y, camera.z, camera.w); }
