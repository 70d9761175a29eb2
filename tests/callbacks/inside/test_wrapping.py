"""A wrapped method is called through, once, for subclasses and over other wrappers."""

from callbacks.inside.wrapping import wrap_once


def noted(calls, method, self, *args, **kwargs):
    calls.append((type(self).__name__, args, kwargs))
    return method(self, *args, **kwargs)


def make():
    class Base:
        def greet(self, name, mark="!"):
            """Says hello."""
            return f"hello {name}{mark}"

    class Public(Base):
        pass

    return Base, Public


def test_calls_go_through_with_arguments_result_and_name():
    base, public = make()
    calls = wrap_once(public, "greet", [], noted)
    assert public().greet("Ada", mark="?") == "hello Ada?"
    assert base().greet("Bob") == "hello Bob!"
    assert calls == [("Public", ("Ada",), {"mark": "?"}), ("Base", ("Bob",), {})]
    assert public.greet.__doc__ == "Says hello."
    assert "greet" not in vars(public)  # it stays on the class that defines it


def test_a_second_wrapper_is_not_added():
    _, public = make()
    calls = wrap_once(public, "greet", [], noted)
    assert wrap_once(public, "greet", [], noted) is calls
    public().greet("Ada")
    assert len(calls) == 1


def test_subclasses_pass_through_it_by_super_alone():
    _, public = make()
    calls = wrap_once(public, "greet", [], noted)

    class Calling(public):
        def greet(self, name):
            return super().greet(name, mark=".")

    class Own(public):
        def greet(self, name):
            return "no"

    assert Calling().greet("Ada") == "hello Ada."
    assert Own().greet("Ada") == "no"
    assert calls == [("Calling", ("Ada",), {"mark": "."})]
