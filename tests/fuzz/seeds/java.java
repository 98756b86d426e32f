package a.b;
import c.D;
@A
public class Tank<T> extends B implements C {
    private int level = 1;
    @Override
    public int read(final String s, int... a) throws E {
        for (int i = 0; i < 3; i++) { }
        for (String t : ts) {}
        if (a && b) { return 1; } else { throw new E(); }
    }
}
