"""Face detection, landmarks, head pose, and the crop that follows a face."""
