"""What is remembered of content that cannot change stays in bounds."""

from strongroom.application.manifests.cache import Cache


def test_the_ones_not_used_for_longest_make_room() -> None:
    cache = Cache[str](count=2)
    for key in "ab":
        cache.put(key, key.upper(), 1)
    assert cache.get("a") == "A"
    cache.put("c", "C", 1)
    assert [cache.get(key) for key in "abc"] == ["A", None, "C"]


def test_what_is_heavy_makes_others_leave_or_does_not_stay() -> None:
    cache = Cache[str](weight=10)
    cache.put("a", "A", 6)
    cache.put("b", "B", 5)
    assert [cache.get(key) for key in "ab"] == [None, "B"]
    assert cache.put("c", "C", 11) == "C"
    assert [cache.get(key) for key in "bc"] == ["B", None]
    for _ in range(3):
        cache.put("b", "B", 10)
    assert cache.get("b") == "B"
