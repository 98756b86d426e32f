class A(B):
    @d
    def f(self, x: int = 1) -> str:
        """T."""
        if x == 1:
            return "a" + str(x)
        elif y:
            pass
        else:
            a[1:2] = {**b, 'c': 3}
        for i, j in enumerate(z): yield lambda q: q
        try:
            with a as b: pass
        except E as e:
            raise
        finally:
            x
from a import b as c
# comment
