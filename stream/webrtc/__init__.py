"""Media over WebRTC by aiortc, without the frames of delay that a stock aiortc adds."""
