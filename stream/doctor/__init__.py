"""Names the step that keeps somebody off camera, and the fix."""
