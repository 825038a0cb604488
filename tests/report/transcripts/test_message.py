from harness.core.exchange import Event, Failure, Part, Reply, Request
from harness.report.transcripts.message import failure_words, reply_message, request_message
from harness.report.transcripts.model import Message


def replied(answer: Reply | Failure) -> Message:
    shown = reply_message(answer)
    assert shown is not None
    return shown


def test_a_request_never_shows_a_key_even_where_a_record_holds_one() -> None:
    headers = (
        ("Authorization", "Bearer sk-live"),
        ("X-Goog-Api-Key", "sk-live"),
        ("Cookie", "sid=sk-live"),
        ("X-Auth-Token", "sk-live"),
        ("Accept", "application/json"),
    )
    shown = request_message(Request(method="POST", target="/v1/x", body={"n": 1}), headers)

    assert shown.headers == (("Accept", "application/json"),)
    assert shown.more_headers == 4
    assert shown.first_line == "POST /v1/x"


def test_a_request_that_is_cut_tells_its_length() -> None:
    shown = request_message(Request(method="POST", target="/", body={"prompt": "a " * 16_000}), ())

    assert shown.cut == "shortened: 32,014 bytes in all"


def test_a_form_names_its_files_by_size() -> None:
    form = (
        Part(name="prompt", value="fox"),
        Part(name="image", filename="a.png", media_type="image/png", size_bytes=1234),
    )
    shown = request_message(Request(method="POST", target="/", form=form), ())

    assert shown.body == "prompt = fox\nimage = @a.png (image/png, 1,234 bytes)"
    assert not shown.cut


def test_of_a_replys_headers_the_telling_ones_are_shown_and_the_others_counted() -> None:
    headers = (
        ("Retry-After", "3"),
        ("X-RateLimit-Remaining-Tokens", "7"),
        ("Set-Cookie", "sid=1"),
        ("X-Request-Id", "r1"),
        ("Strict-Transport-Security", "max-age=1"),
    )
    shown = replied(Reply(status=429, headers=headers))

    assert [name for name, _ in shown.headers] == [
        "Retry-After",
        "X-RateLimit-Remaining-Tokens",
        "X-Request-Id",
    ]
    assert (shown.first_line, shown.more_headers) == ("HTTP 429", 2)


def test_ten_thousand_headers_and_one_of_a_megabyte_stay_small() -> None:
    megabyte = "\u202e" * 333_333
    many = tuple((f"x-ratelimit-{at}", megabyte) for at in range(10_000))
    shown = replied(Reply(status=200, headers=many))

    assert sum(len(value) for _, value in shown.headers) < 20_000
    assert shown.more_headers == 9_988
    assert "\u202e" not in str(shown.headers)


def test_the_events_of_a_stream_are_its_body() -> None:
    events = tuple(Event(name="partial", at_s=0.1, data={"i": at}) for at in range(10))
    shown = replied(Reply(status=200, events=events, size_bytes=900))

    assert '"event": "partial"' in shown.body
    assert "and 2 more events" in shown.body
    assert shown.cut == "shortened: 900 bytes in all"


def test_a_reply_that_broke_off_shows_what_had_arrived() -> None:
    broken = Failure(kind="network", why="reset", sent=True, partial=Reply(status=200, text="{"))

    assert replied(broken).body == "{"
    assert failure_words(broken) == "network: reset"
    assert reply_message(Failure(kind="timeout", why="300 s", sent=True)) is None
    assert not failure_words(Reply(status=200))
