using A;
namespace B {
    [X]
    public class C : D, I
    {
        public int P { get; set; } = 1;
        void F(ref int a) where T : class { foreach (var x in y) { } try { } catch (E e) when (e.f) { } }
    }
}
