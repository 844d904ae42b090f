"""What a warp cannot show: eyes, lids, the inside of the mouth, blended over it."""
