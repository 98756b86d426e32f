require "a"
module M
  class A < B
    attr_reader :x
    def f(a, b = 1, *c, &d)
      if a then b elsif c
      end
      begin
        x.each do |y| z end
      rescue E => e
        raise
      ensure
      end
      until a do end
    end
  end
end
