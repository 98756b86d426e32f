import 'a.dart';
class A extends B with C implements D {
  final int x;
  A(this.x, {required int y});
  int f(int a, [b = 1]) => a;
  void g() { for (var i in y) { } if (a) { } else { } try { } on E catch (e) { } finally { } }
}
enum E { a, b }
mixin M on A {}
