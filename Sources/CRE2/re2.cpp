#include "CRE2.h"

#include <re2/re2.h>

#include <cstring>
#include <string>
#include <vector>

struct mon_re2 {
    RE2 expression;
    mon_re2(const re2::StringPiece &pattern, const RE2::Options &options) : expression(pattern, options) {}
};

mon_re2 *mon_re2_compile(const char *pattern, size_t length, char *error, size_t error_capacity) {
    RE2::Options options(RE2::Quiet);
    options.set_dot_nl(true);
    auto *compiled = new mon_re2(re2::StringPiece(pattern, length), options);
    if (compiled->expression.ok()) return compiled;
    if (error_capacity > 0) {
        std::strncpy(error, compiled->expression.error().c_str(), error_capacity - 1);
        error[error_capacity - 1] = 0;
    }
    delete compiled;
    return nullptr;
}

void mon_re2_free(mon_re2 *expression) { delete expression; }

int mon_re2_matches(const mon_re2 *expression, const char *text, size_t length) {
    return expression->expression.Match(
        re2::StringPiece(text, length), 0, length, RE2::ANCHOR_BOTH, nullptr, 0);
}

int mon_re2_group_count(const mon_re2 *expression) { return expression->expression.NumberOfCapturingGroups(); }

int mon_re2_captures(
    const mon_re2 *expression, const char *text, size_t length, long *spans, int group_count) {
    std::vector<re2::StringPiece> groups(static_cast<size_t>(group_count) + 1);
    re2::StringPiece input(text, length);
    if (!expression->expression.Match(input, 0, length, RE2::ANCHOR_BOTH, groups.data(), group_count + 1)) return 0;
    for (int i = 0; i <= group_count; i++) {
        bool present = groups[i].data() != nullptr;
        spans[2 * i] = present ? groups[i].data() - text : -1;
        spans[2 * i + 1] = present ? static_cast<long>(groups[i].size()) : 0;
    }
    return 1;
}

int mon_re2_named_group(const mon_re2 *expression, const char *name, size_t length) {
    const auto &names = expression->expression.NamedCapturingGroups();
    auto found = names.find(std::string(name, length));
    return found == names.end() ? -1 : found->second;
}
