"""The rig family, geometric stage: the portrait's own pixels warped by face landmarks."""
