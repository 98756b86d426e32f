package a
import b.c
data class A(val x: Int) : B() {
    fun f(a: String = "x"): Int {
        if (a) { } else { }
        for (i in 0..3) { }
        try { } catch (e: E) { } finally { }
        val l = { x: Int -> x }
        return 1
    }
}
enum class E { A }
