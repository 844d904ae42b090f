// Everything that changes per frame; packed by frame_block.py in this order.
layout(std140) uniform Frame {
    vec4 camera;         // focal, centre x, centre y, distance
    vec4 head_turn;      // unit axis, angle
    mat3 torso_turn;
    vec4 other_camera;   // the second frame of a flow
    vec4 other_head_turn;
    mat3 other_torso_turn;
    mat4 light_matrix;
    vec4 key_direction;  // w: shadow strength
    vec4 key_colour;
    vec4 fill_direction;
    vec4 fill_colour;
    vec4 ambient[6];     // from +x, -x, +y, -y, +z, -z
    vec4 wrinkles_left;  // forehead, frown, eye corners, cheek folds
    vec4 wrinkles_right;
    vec4 depth_range;    // near, far
};
