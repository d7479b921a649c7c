# CPU seconds that SpamAssassin takes for the messages named, rules compiled before.
use strict;
use warnings;
use Mail::SpamAssassin;
my $engine = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null' });
$engine->compile_now(0);
sub check {
    my ($path) = @_;
    open(my $file, '<:raw', $path) or die "$path: $!";
    local $/;
    my $mail = $engine->parse(<$file>);
    my $status = $engine->check($mail);
    $status->finish();
    $mail->finish();
}
check($ARGV[0]);
my ($user, $system) = times;
check($_) for @ARGV;
my ($user_after, $system_after) = times;
printf "%.3f\n", $user_after + $system_after - $user - $system;
