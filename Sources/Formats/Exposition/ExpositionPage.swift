/// What a page is made of. Neither the families nor their samples need an order; the writer sorts.
package struct ExpositionPage: Sendable {
    /// Families whose series stay from page to page, and the values of their entries: a stale marker where there is
    /// none now.
    package var kept: (families: KeptFamilies, values: [Double])?
    package var families: [ExpositionFamily]

    package init(_ families: [ExpositionFamily], kept: (families: KeptFamilies, values: [Double])? = nil) {
        self.families = families
        self.kept = kept
    }
}
