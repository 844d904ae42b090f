"""A client that publishes by WHIP and watches by WHEP."""

from aiortc import RTCSessionDescription

from tests.peers import Page

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


class Client(Page):
    """A WHIP or WHEP client."""

    location = ""
    tag = ""

    async def publish(self, address: str = "/whip") -> int:
        self.connection.addTrack(self.camera)
        return await self._call(address)

    async def watch(self, address: str) -> int:
        self.connection.on("track", self._arrived)
        self.connection.addTransceiver("video", "recvonly")
        return await self._call(address)

    async def _call(self, address: str) -> int:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp = self.connection.localDescription.sdp
        async with self.http.post(self.url + address, data=sdp, headers=SDP) as response:
            text = await response.text()
            if response.status == 201:
                assert response.content_type == "application/sdp"
                self.location, self.tag = response.headers["Location"], response.headers["ETag"]
                await self.connection.setRemoteDescription(
                    RTCSessionDescription(sdp=text, type="answer")
                )
            return response.status

    @property
    def watched_at(self) -> str:
        """Where what this client publishes can be watched."""
        return "/whep/" + self.location.rpartition("/")[2]

    async def send(self, method: str, data: str = "", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(
            method, self.url + self.location, data=data, headers=FRAGMENT | named
        ) as response:
            return response.status
