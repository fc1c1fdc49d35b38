using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.Tests.Ir;

public sealed class IpTests
{
    [Theory]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("FD00:10:96::F11E", "fd00:10:96::f11e")]
    [InlineData("1:0:0:2:0:0:0:3", "1:0:0:2::3")]
    [InlineData("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8")]
    [InlineData("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0")]
    [InlineData("1:2::", "1:2::")]
    [InlineData("::ffff:10.0.0.1", "::ffff:a00:1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    public void Valid_text_gives_its_canonical_form(string text, string canonical)
    {
        Assert.True(Ip.TryParse(text, null, out var ip));
        Assert.Equal(canonical, ip.ToString());
        Assert.Equal(ip, Ip.FromBytes(ip.ToBytes()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("01.2.3.4")]
    [InlineData("1.2.3.4 ")]
    [InlineData("+1.2.3.4")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("12345::")]
    [InlineData("fe80::1%eth0")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:")]
    public void Anything_else_is_refused(string text) => Assert.False(Ip.TryParse(text, null, out _));

    [Theory]
    [InlineData("172.30.0.041", "172.30.0.41")]
    [InlineData("010.000.0.1", "10.0.0.1")]
    public void Leading_zeros_are_decimal_when_asked_for(string text, string canonical)
    {
        Assert.True(Ip.TryParseSloppy(text, out var ip));
        Assert.Equal(canonical, ip.ToString());
    }

    [Theory]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("fd00::1/64", "fd00::/64")]
    [InlineData("::/0", "::/0")]
    [InlineData("1.2.3.4/32", "1.2.3.4/32")]
    public void A_prefix_clears_its_host_bits(string text, string canonical) =>
        Assert.Equal(canonical, Prefix.Parse(text).ToString());

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/08")]
    [InlineData("::/129")]
    public void A_wrong_prefix_is_refused(string text) => Assert.False(Prefix.TryParse(text, null, out _));
}
