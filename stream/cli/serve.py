"""The command `understudy serve`: reads arguments, checks that they agree, runs the server."""

from pathlib import Path
from typing import Annotated

import typer

from stream.cli.options import (
    BackendName,
    DriverTeeth,
    Frame,
    MouthName,
    Refine,
    Size,
    check_driver_teeth,
)

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def serve(
    *,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. Beyond this machine, it needs https."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8080,
    portrait: Annotated[
        Path | None,
        typer.Option(
            help="A picture, a clip of a person or a portrait file of `understudy enroll` to begin "
            "with; the page offers it beside the others."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="rig|dpe-small|FOLDER",
            help="rig; dpe-small, a small DPE that is a test model; or the folder of a bundle.",
        ),
    ] = "rig",
    backend: BackendName = "auto",
    size: Size = 512,
    frame: Frame = "face",
    mouth: MouthName = "auto",
    driver_teeth: DriverTeeth = False,
    refine: Refine = "on",
    sessions: Annotated[
        int, typer.Option(min=1, max=64, help="How many people may be on camera at once.")
    ] = 4,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="UNDERSTUDY_TOKEN",
            help="What every request must carry; best in the environment, where no list of "
            "processes shows it. Default: a new one with each start.",
            show_default=False,
        ),
    ] = None,
    no_token: Annotated[
        bool,
        typer.Option(
            "--no-token",
            help="None, on this machine only: whoever and whatever runs here may come in.",
        ),
    ] = False,
    recordings: Annotated[
        Path | None,
        typer.Option(
            help="Folder where recordings lie until whoever made them has saved them. Default: one "
            "of your own.",
            show_default=False,
        ),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            metavar="https://NAME",
            help="The address of a proxy that you trust and that passes everything on to here.",
            show_default=False,
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="Serve https with this certificate (PEM, its chain in it).", show_default=False
        ),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="The certificate's key (PEM).", show_default=False)
    ] = None,
    insecure_http: Annotated[
        bool,
        typer.Option(
            "--insecure-http", help="Beyond this machine, serve plain http: anybody can listen in."
        ),
    ] = False,
    udp_ports: Annotated[
        str | None,
        typer.Option(
            metavar="FIRST-LAST",
            help="UDP ports of the pictures, for a firewall. Default: any.",
            show_default=False,
        ),
    ] = None,
    media_address: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS|INTERFACE",
            help="Send and take pictures only there; may be given again. Default: everywhere.",
            show_default=False,
        ),
    ] = None,
    turn: Annotated[
        str | None,
        typer.Option(
            metavar="turn:HOST:PORT?transport=udp",
            help="A relay for browsers that no direct way leads to.",
            show_default=False,
        ),
    ] = None,
    turn_user: Annotated[str, typer.Option(help="The user name there.", show_default=False)] = "",
    turn_password: Annotated[
        str,
        typer.Option(
            envvar="UNDERSTUDY_TURN_PASSWORD",
            help="The password; best in the environment, where no list of processes shows it.",
            show_default=False,
        ),
    ] = "",
    opens: Annotated[
        bool, typer.Option("--open", help="Open the address in the browser of this desktop.")
    ] = False,
) -> None:
    """Serve a web page: your webcam in, the portrait back. Prints the one address to open.

    Also takes video by WHIP at /whip and shows the result by WHEP at /whep and on the page /view.
    """
    import secrets

    from stream.cli.browser import open_page
    from stream.cli.factories import load_model, tracker_maker
    from stream.cli.terminal import working
    from stream.server.app import serve as run
    from stream.server.settings import (
        LEAST_TOKEN,
        TOKEN_BYTES,
        ServerSettings,
        is_loopback,
        is_token,
        read_origin,
        refuse_plain_http,
    )
    from stream.webrtc.ice_places import IcePlaces, TurnServer, addresses_of, read_ports

    if size % 2:
        raise typer.BadParameter(f"must be even, got {size}", param_hint="--size")
    check_driver_teeth(model, mouth, shown=driver_teeth)
    if token is not None and not is_token(token):
        raise typer.BadParameter(
            f"needs {LEAST_TOKEN} characters or more: letters, digits and signs of ASCII, no space",
            param_hint="--token",
        )
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("goes with the other one", param_hint="--tls-cert and --tls-key")
    try:
        origin = None if public_url is None else read_origin(public_url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--public-url") from None
    if no_token and (token is not None or not is_loopback(host) or origin is not None):
        raise typer.BadParameter(
            "goes with this machine alone, and no --token", param_hint="--no-token"
        )
    if token is None and not no_token:
        token = secrets.token_urlsafe(TOKEN_BYTES)
    settings = ServerSettings(
        host=host,
        port=port,
        portrait=portrait,
        size=size,
        framing=frame,
        driver_teeth=driver_teeth,
        most_sessions=sessions,
        token=token,
        recordings=recordings,
        public_url=origin,
        places=IcePlaces(
            ports=None if udp_ports is None else read_ports(udp_ports),
            addresses=addresses_of(tuple(media_address)) if media_address else None,
            turn=None
            if turn is None
            else TurnServer(url=turn, user=turn_user, password=turn_password),
        ),
        insecure_http=insecure_http,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    refuse_plain_http(settings)

    def on_address(url: str) -> None:
        print(url, flush=True)
        if opens:
            open_page(url)

    with working() as terminal:
        run(
            settings,
            model=load_model(
                model, mouth=mouth, refine=refine, backend=backend, builds=terminal.builds
            ),
            make_tracker=tracker_maker("mesh"),
            on_address=on_address,
            stop=terminal.stop,
        )
