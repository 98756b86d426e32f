use a::b;
#[derive(A)]
pub struct S<T> { pub a: Vec<T> }
impl<T> A for S<T> {
    fn f(&self, x: &str) -> Option<u8> {
        if let Some(y) = x { loop { break; } } else { }
        match x { _ => |a| a + 1 }
    }
}
enum E { A, B(u8) }
trait T { fn g(); }
